//! What the signatures of a component come to: a function of them, the trusted keys and the time.

use super::ring::KeyRing;
use super::verdict::{KeyState, SignedBy, Trust};
use crate::clock::Timestamp;
use crate::contract::Manifest;
use crate::contract::grants::quoted;
use crate::signatures::{Signature, Statement};

/// What is signed of a component.
pub fn statement_of(digest: &str, manifest: &Manifest) -> Statement {
    Statement {
        component: digest.to_owned(),
        place: manifest.slot.as_str().to_owned(),
        name: manifest.name.clone(),
        version: manifest.version.clone(),
    }
}

/// What is judged, for people.
#[derive(Debug, Clone, Copy)]
pub struct Called<'a> {
    pub name: &'a str,
    /// How it is signed, if not by its name.
    pub how_to_sign: Option<&'a str>,
}

/// A release (`login/42`) or a file of a component: it is signed by its name.
impl<'a> From<&'a str> for Called<'a> {
    fn from(name: &'a str) -> Self {
        Self { name, how_to_sign: None }
    }
}

impl<'a> From<&'a String> for Called<'a> {
    fn from(name: &'a String) -> Self {
        name.as_str().into()
    }
}

/// Judges the signatures of a component; so many of different keys are needed.
pub fn judge(
    ring: &KeyRing,
    what: Called<'_>,
    (statement, signatures): (&Statement, &[Signature]),
    needed: u32,
    now: Timestamp,
) -> Trust {
    let mut looked_at: Vec<(SignedBy, Option<String>)> = Vec::new();
    for signature in signatures {
        let new = look_at(ring, statement, signature, now);
        match looked_at.iter_mut().find(|(other, _)| other.key == new.0.key) {
            // One key counts once, and a good signature beside a bad one is good.
            Some(other) if other.0.state == KeyState::Wrong => *other = new,
            Some(_) => {}
            None => looked_at.push(new),
        }
    }
    let good: Vec<&str> = looked_at.iter().filter_map(|(by, _)| by.counts()).collect();
    let mut reasons = Vec::new();
    if good.len() < needed as usize {
        reasons.push(too_few(what, needed, &good));
        reasons.extend(looked_at.iter().filter_map(|(_, reason)| reason.clone()));
        reasons.extend(unknown(&looked_at));
    }
    let signed_by = looked_at.into_iter().map(|(by, _)| by).collect();
    Trust { signed_by, needed, reasons }
}

/// How a signature stands, and why it does not count.
fn look_at(
    ring: &KeyRing,
    statement: &Statement,
    signature: &Signature,
    now: Timestamp,
) -> (SignedBy, Option<String>) {
    let key = &signature.key;
    let known = ring.find(key);
    let name = known.map(|known| known.name.clone());
    let by = |state| SignedBy { key: key.clone(), name: name.clone(), state };
    if let Err(fault) = signature.holds_for(statement) {
        let of = name.clone().unwrap_or_else(|| key.fingerprint());
        let text = format!("The signature of {of} does not count: {fault}. Sign this one");
        return (by(KeyState::Wrong), Some(text));
    }
    let Some(known) = known else { return (by(KeyState::Unknown), None) };
    let name = &known.name;
    let (state, reason) = if known.withdrawn {
        let text = "a key that was withdrawn (withdrawn in POLICY_TRUSTED_KEYS). Sign it with \
                    another one";
        (KeyState::Withdrawn, text.to_owned())
    } else if let Some((_, until)) = known.until.as_ref().filter(|_| known.is_ended(now)) {
        let text = format!(
            "a key whose time ended {until}. Sign it with another one, or give this one more time \
             (until= in POLICY_TRUSTED_KEYS)"
        );
        (KeyState::Ended, text)
    } else if !known.is_for(&statement.place) {
        let text = format!(
            "a key that is not trusted for the place {} (places= in POLICY_TRUSTED_KEYS). Sign it \
             with another one",
            statement.place
        );
        (KeyState::OtherPlace, text)
    } else {
        return (by(KeyState::Good), None);
    };
    (by(state), Some(format!("It is signed by {name}, {reason}")))
}

/// One sentence for all of them, without a line to copy: whoever may push can sign with any number
/// of keys of their own.
fn unknown(looked_at: &[(SignedBy, Option<String>)]) -> Option<String> {
    let unknown = looked_at.iter().filter(|(by, _)| by.state == KeyState::Unknown);
    let fingerprints: Vec<String> = unknown.map(|(by, _)| by.key.fingerprint()).collect();
    let which = match &fingerprints[..] {
        [] => return None,
        [one] => format!("a key that nobody here knows ({one})"),
        [first, rest @ ..] => {
            let count = rest.len() + 1;
            format!("{count} keys that nobody here knows ({first} and {} more)", rest.len())
        }
    };
    Some(format!(
        "It is signed by {which}. If one should count, compare its fingerprint with its owner's; \
         the operator then adds its line to POLICY_TRUSTED_KEYS"
    ))
}

fn too_few(what: Called<'_>, needed: u32, good: &[&str]) -> String {
    let wants = match needed {
        1 => "a signature of a trusted key".to_owned(),
        many => format!("{many} signatures of different trusted keys"),
    };
    let has = match good {
        [] => "none".to_owned(),
        names => format!("{} ({})", names.len(), names.join(", ")),
    };
    let Called { name, how_to_sign } = what;
    let by_name = || format!("Sign it: auth-host policy sign {} --key KEY", quoted(name));
    let sign = how_to_sign.map_or_else(by_name, str::to_owned);
    format!("{name} needs {wants} and has {has}. {sign}")
}
