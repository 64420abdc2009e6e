//! What the registry keeps of a release, as far as the gate asks about it: all of its components,
//! because a host of another version runs another one of them.

use serde::Deserialize as _;
use serde_json::Value;

use super::judge::statement_of;
use super::verdict::{KeyState, Trust};
use crate::contract::{Grants, Identity, Manifest, Slot};
use crate::signatures::{Signature, Statement};
use crate::store::registry::{ComponentInfo, Source};

/// The most characters of what a component asks for and this host does not know.
const MOST_UNKNOWN: usize = 200;

/// What is known of a release.
#[derive(Debug, Clone)]
pub struct Kept {
    pub source: Source,
    parts: Vec<Part>,
    asked: Option<Grants>,
    /// Of which components this host cannot say what they ask for: the digest, and a sentence.
    unjudged: Vec<(String, String)>,
}

/// One of its components.
#[derive(Debug, Clone)]
struct Part {
    wit: String,
    statement: Statement,
    signatures: Vec<Signature>,
}

impl Kept {
    /// A release without its components: with what it asked for when it was brought, if that was
    /// kept.
    pub fn new(source: Source, asked: Option<Grants>) -> Self {
        Self { source, parts: Vec::new(), asked, unjudged: Vec::new() }
    }

    /// Adds a component. `report` is what admission said of it, or of all of the release.
    pub fn add(
        &mut self,
        report: &Value,
        info: &ComponentInfo,
        statement: Statement,
        signatures: Vec<Signature>,
    ) {
        let value: Value = serde_json::from_str(&info.manifest).unwrap_or_default();
        match Manifest::deserialize(&value) {
            Ok(manifest) => {
                let imports = imports(report, &info.digest);
                let (asked, unknown) = Grants::asked_and_unknown(&manifest, imports);
                self.ask(&asked);
                if !unknown.is_empty() {
                    let unknown: String = unknown.join(", ").chars().take(MOST_UNKNOWN).collect();
                    self.unjudge(info, &format!("it asks for {unknown}"));
                }
            }
            Err(_) => self.unjudge(info, "its manifest keeps other rules"),
        }
        self.parts.push(Part { wit: info.wit.clone(), statement, signatures });
    }

    /// What this replica has made ready counts as its own bytes say, whatever the rows do.
    #[must_use]
    pub fn with_own(mut self, identity: &Identity) -> Self {
        self.ask(&identity.grants);
        self.unjudged.retain(|(digest, _)| *digest != identity.digest);
        let own = statement_of(&identity.digest, &identity.manifest);
        let its = |part: &&mut Part| part.statement.component == identity.digest;
        if let Some(part) = self.parts.iter_mut().find(its) {
            part.statement = own;
        } else {
            let part = Part { wit: String::new(), statement: own, signatures: Vec::new() };
            self.parts.push(part);
        }
        self
    }

    /// What all of it asks for.
    pub fn asked(&self, slot: Slot) -> Grants {
        self.asked.clone().unwrap_or_else(|| Grants::base(slot))
    }

    /// Of which components this host cannot say what they ask for.
    pub fn unjudged(&self) -> Vec<String> {
        self.unjudged.iter().map(|(_, why)| why.clone()).collect()
    }

    /// What its signatures come to: all of its components have to be trusted. Of several, each
    /// reason says which it is about.
    pub fn trust(&self, judge: impl Fn(&Statement, &[Signature]) -> Trust) -> Trust {
        let mut all: Option<Trust> = None;
        for Part { wit, statement, signatures } in &self.parts {
            let mut trust = judge(statement, signatures);
            if self.parts.len() > 1 {
                let digest = statement.component.get(..12).unwrap_or(&statement.component);
                for reason in &mut trust.reasons {
                    *reason = format!("The component for auth:policy@{wit} ({digest}): {reason}");
                }
            }
            all = Some(match all {
                None => trust,
                Some(before) => both(before, &trust),
            });
        }
        all.unwrap_or_else(|| Trust { signed_by: Vec::new(), needed: 0, reasons: Vec::new() })
    }

    fn unjudge(&mut self, info: &ComponentInfo, why: &str) {
        self.unjudged.push((info.digest.clone(), unjudged(info, why)));
    }

    fn ask(&mut self, asked: &Grants) {
        match &mut self.asked {
            Some(all) => all.and(asked),
            None => self.asked = Some(asked.clone()),
        }
    }
}

fn unjudged(info: &ComponentInfo, why: &str) -> String {
    let ComponentInfo { wit, digest, .. } = info;
    let digest = digest.get(..12).unwrap_or(digest);
    format!(
        "what its component for auth:policy@{wit} ({digest}) may do cannot be judged here: {why}. \
         Push the release without that component, or deploy it once all hosts speak \
         auth:policy@{wit}"
    )
}

/// Of the report of one component, or of all of a release.
fn imports<'r>(report: &'r Value, digest: &str) -> impl Iterator<Item = &'r str> {
    let of = report["components"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["digest"].as_str() == Some(digest)));
    let imports = of.unwrap_or(report)["imports"].as_array();
    imports.into_iter().flatten().filter_map(Value::as_str)
}

/// Of a release with several components, a key has signed it if it has signed each.
fn both(one: Trust, other: &Trust) -> Trust {
    let Trust { mut signed_by, needed, mut reasons } = one;
    signed_by.retain_mut(|signed| {
        let same = other.signed_by.iter().find(|by| by.key == signed.key);
        if let Some(same) = same
            && signed.state == KeyState::Good
        {
            signed.state = same.state;
        }
        same.is_some()
    });
    reasons.extend(other.reasons.iter().cloned());
    Trust { signed_by, needed: needed.max(other.needed), reasons }
}
