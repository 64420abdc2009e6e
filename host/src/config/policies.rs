//! Settings of this replica and of deployments.

use std::time::Duration;

use super::reader::Reader;
use super::values::{between, duration};
use crate::policy::releases::{Pin, ReleaseSettings};
use crate::policy::serving::Writers;

/// The most characters of a replica's name.
const MOST_NAME: usize = 64;

/// Reads the settings of this replica and of deployments.
pub(super) fn releases(read: &mut Reader<'_>, local: bool) -> ReleaseSettings {
    let (minutes, hours) = (Duration::from_mins, Duration::from_hours);
    ReleaseSettings {
        replica_name: read.value("REPLICA_NAME", machine_name(), replica_name),
        pins: read.value("POLICY_PIN", Vec::new(), pins),
        writers: if local { Writers::Anybody } else { Writers::Owner },
        probation: read.value(
            "POLICY_PROBATION",
            minutes(10),
            between(Duration::ZERO, hours(168), duration),
        ),
        deploy_timeout: read.value(
            "POLICY_DEPLOY_TIMEOUT",
            minutes(5),
            between(Duration::from_secs(1), hours(24), duration),
        ),
    }
}

fn replica_name(text: &str) -> Result<String, String> {
    let is_short = text.chars().count() <= MOST_NAME;
    if is_short && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
        Ok(text.to_owned())
    } else {
        Err(format!("must be at most {MOST_NAME} letters, digits, dots, dashes and underscores"))
    }
}

/// What the machine, or the container, is called.
fn machine_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let kept = |c: &char| c.is_ascii_alphanumeric() || "._-".contains(*c);
    let name: String = name.chars().filter(kept).take(MOST_NAME).collect();
    if name.is_empty() { "replica".to_owned() } else { name }
}

fn pins(text: &str) -> Result<Vec<Pin>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let pins: Vec<Pin> = parts
        .map(str::parse)
        .collect::<Result<_, String>>()
        .map_err(|fault| format!("holds {fault}"))?;
    let place = |pin: &Pin| match pin {
        Pin::Release { slot, .. } => Some(*slot),
        Pin::File(_) => None,
    };
    for (index, pin) in pins.iter().enumerate() {
        if place(pin).is_some() && pins[..index].iter().any(|other| place(other) == place(pin)) {
            return Err(format!("pins the place of {pin} twice"));
        }
    }
    Ok(pins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_releases_and_files_one_a_place() {
        assert_eq!(pins("login/41, ./register.release,").unwrap().len(), 2);
        assert!(pins("login/41,login/40").unwrap_err().contains("twice"));
        assert!(pins("logout/41").unwrap_err().contains("no place logout"));
    }

    #[test]
    fn a_replica_has_a_name_that_fits_a_line() {
        assert_eq!(replica_name("a1.eu_west-3"), Ok("a1.eu_west-3".into()));
        assert!(replica_name("a 1").is_err());
        assert!(replica_name(&"a".repeat(65)).is_err());
        assert_eq!(replica_name(&machine_name()), Ok(machine_name()));
    }
}
