//! This process among the replicas: its id, its name, and which components it can run.

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::contract::wit;
use crate::store::registry::{Beat, ReleaseComponent, Serving};

/// This process among the replicas.
#[derive(Debug, Clone)]
pub struct ThisReplica {
    /// Made anew at each start.
    pub id: Uuid,
    /// For people.
    pub name: String,
    pub started_at: Timestamp,
}

impl ThisReplica {
    pub fn new(name: String, started_at: Timestamp) -> Self {
        Self { id: Uuid::new_v4(), name, started_at }
    }

    /// The versions of the WIT that this host speaks, the newest first.
    pub fn wit_versions() -> Vec<String> {
        vec![wit::version().to_owned()]
    }

    pub(super) fn beat(&self, serving: Vec<Serving>) -> Beat {
        Beat {
            replica: self.id,
            name: self.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            wit_versions: Self::wit_versions(),
            started_at: self.started_at,
            serving,
        }
    }
}

/// Of a release's components the one that this host runs: for the newest WIT that it speaks. None
/// may be; the sentence says so.
pub fn component_for_this_host(
    components: &[ReleaseComponent],
) -> Result<&ReleaseComponent, String> {
    component_for(&ThisReplica::wit_versions(), components)
}

fn component_for<'a>(
    spoken: &[String],
    components: &'a [ReleaseComponent],
) -> Result<&'a ReleaseComponent, String> {
    let understood = |component: &&ReleaseComponent| {
        spoken.iter().any(|spoken| understands(spoken, &component.wit))
    };
    let newest = components.iter().filter(understood).max_by_key(|it| version(&it.wit));
    newest.ok_or_else(|| {
        if components.is_empty() {
            return "it has no components. Push it again from its sources".to_owned();
        }
        let theirs: Vec<_> = components.iter().map(|component| component.wit.as_str()).collect();
        format!(
            "it has components for the WIT {}, and this host speaks {}. Build one for a version \
             that this host speaks and push both as one release, or upgrade this host",
            theirs.join(", "),
            spoken.join(", ")
        )
    })
}

/// Versions with the same first number that is not zero only add to one another.
fn understands(spoken: &str, asked: &str) -> bool {
    let (Some(spoken), Some(asked)) = (version(spoken), version(asked)) else { return false };
    let family = |[major, minor, patch]: [u64; 3]| match (major, minor) {
        (0, 0) => [0, 0, patch],
        (0, minor) => [0, minor, 0],
        (major, _) => [major, 0, 0],
    };
    family(spoken) == family(asked) && asked <= spoken
}

fn version(text: &str) -> Option<[u64; 3]> {
    let parts: Vec<u64> = text.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    parts.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(spoken: &[&str], components: &[&str]) -> Result<String, String> {
        let spoken: Vec<_> = spoken.iter().map(|it| (*it).to_owned()).collect();
        let component =
            |wit: &&str| ReleaseComponent { wit: (*wit).to_owned(), digest: String::new() };
        let components: Vec<_> = components.iter().map(component).collect();
        component_for(&spoken, &components).map(|component| component.wit.clone())
    }

    #[test]
    fn of_several_components_the_newest_that_this_host_speaks_is_taken() {
        let table: &[(&[&str], &[&str], &str)] = &[
            (&["0.2.0"], &["0.2.0"], "0.2.0"),
            (&["0.3.1", "0.2.0"], &["0.2.0", "0.3.0"], "0.3.0"),
            (&["0.3.1", "0.2.0"], &["0.10.0", "0.2.0"], "0.2.0"),
            (&["0.2.10"], &["0.2.9", "0.2.10", "0.2.2"], "0.2.10"),
            (&["1.4.0"], &["1.3.9", "2.0.0"], "1.3.9"),
        ];
        for (spoken, components, expected) in table {
            assert_eq!(chosen(spoken, components).as_deref(), Ok(*expected), "{components:?}");
        }
    }

    #[test]
    fn a_refusal_names_all_versions() {
        let refused = chosen(&["0.2.0"], &["0.1.0", "0.2.1", "0.3.0", "odd"]).unwrap_err();
        for version in ["0.1.0, 0.2.1, 0.3.0, odd", "speaks 0.2.0"] {
            assert!(refused.contains(version), "{refused}");
        }
        assert!(chosen(&["0.2.0"], &[]).is_err());
    }
}
