//! What the file of trusted keys holds: a key a line, with the operator's name for it and what it
//! may sign.

use crate::clock::{Timestamp, end_of};
use crate::contract::Slot;
use crate::signatures::PublicKey;

const MOST_LINES: usize = 256;
const MOST_NAME: usize = 64;

/// The words with which OpenSSH begins a key, beside those of certificates. Whole words: `ssh-ci`
/// may be a name.
const KINDS_OF_KEYS: [&str; 10] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ssh-dss",
    "rsa-sha2-256",
    "rsa-sha2-512",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// A trusted key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    /// What the operator calls it.
    pub name: String,
    pub key: PublicKey,
    /// The places that it may sign for; none: all.
    pub places: Option<Vec<Slot>>,
    /// Until when, and as it is written.
    pub until: Option<(Timestamp, String)>,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
}

impl TrustedKey {
    /// Whether its time is over.
    pub fn is_ended(&self, now: Timestamp) -> bool {
        self.until.as_ref().is_some_and(|(until, _)| *until <= now)
    }

    /// Whether it may sign for a place, which may be one of a later version of this host.
    pub fn is_for(&self, place: &str) -> bool {
        let places = self.places.as_ref();
        places.is_none_or(|places| places.iter().any(|slot| slot.as_str() == place))
    }

    fn counts(&self, place: &str, now: Timestamp) -> bool {
        !self.withdrawn && !self.is_ended(now) && self.is_for(place)
    }
}

/// All trusted keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyRing {
    keys: Vec<TrustedKey>,
}

impl KeyRing {
    /// From the text of a file; each line that is wrong, with its number, if one is.
    pub fn read(text: &str) -> Result<Self, Vec<String>> {
        let (mut ring, mut faults) = (Self::default(), Vec::new());
        for (index, line) in text.lines().enumerate() {
            if index == MOST_LINES {
                faults.push(format!("it has more than {MOST_LINES} lines"));
                break;
            }
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match read_line(line).and_then(|key| ring.add(key)) {
                Ok(()) => {}
                Err(fault) => faults.push(format!("line {}: {fault}", index + 1)),
            }
        }
        if faults.is_empty() { Ok(ring) } else { Err(faults) }
    }

    /// Adds a key that may sign for all places, always.
    pub fn add_for_all(&mut self, name: &str, key: PublicKey) -> Result<(), String> {
        let name = name.to_owned();
        self.add(TrustedKey { name, key, places: None, until: None, withdrawn: false })
    }

    fn add(&mut self, new: TrustedKey) -> Result<(), String> {
        if let Some(other) = self.find(&new.key) {
            return Err(format!(
                "the key of {} is that of {}, too: one line for each key, or one person counts as \
                 two",
                new.name, other.name
            ));
        }
        if self.keys.iter().any(|key| key.name == new.name) {
            return Err(format!("the name {} is another key's already", new.name));
        }
        self.keys.push(new);
        Ok(())
    }

    /// The trusted key that this is.
    pub fn find(&self, key: &PublicKey) -> Option<&TrustedKey> {
        self.keys.iter().find(|trusted| trusted.key == *key)
    }

    pub fn keys(&self) -> &[TrustedKey] {
        &self.keys
    }

    /// How many of them count for a place.
    pub fn count_for(&self, place: &str, now: Timestamp) -> usize {
        self.keys.iter().filter(|key| key.counts(place, now)).count()
    }
}

/// `NAME [places=login,refresh] [until=2027-01-31] [withdrawn] ssh-ed25519 AAAA… [comment]`
fn read_line(line: &str) -> Result<TrustedKey, String> {
    let mut words = line.split_whitespace().peekable();
    let name = words.next().unwrap_or_default();
    if is_kind_of_key(name) {
        return Err(format!(
            "it begins with no name: write one before the key, such as ann {name}"
        ));
    }
    if !is_name(name) {
        return Err(format!(
            "{name:?} is no name: at most {MOST_NAME} letters, digits, dots, dashes, underscores \
             and @"
        ));
    }
    let (mut places, mut until, mut withdrawn) = (None, None, false);
    while let Some(word) = words.next_if(|word| !is_kind_of_key(word)) {
        match word.split_once('=') {
            Some(("places", list)) if places.is_none() => places = Some(read_places(list)?),
            Some(("until", text)) if until.is_none() => {
                let moment = end_of(text).map_err(|fault| format!("until={text} {fault}"))?;
                until = Some((moment, text.to_owned()));
            }
            None if word == "withdrawn" && !withdrawn => withdrawn = true,
            Some(("places" | "until", _)) => return Err(format!("{word}: it is said twice")),
            None if word == "withdrawn" => return Err(format!("{word}: it is said twice")),
            _ => {
                return Err(format!(
                    "{word:?} is neither places=login,refresh nor until=2027-01-31 nor withdrawn, \
                     nor the beginning of a key (ssh-ed25519)"
                ));
            }
        }
    }
    let kind = words.next().ok_or("it has no key (ssh-ed25519 AAAA…)")?;
    let key = [kind, words.next().unwrap_or_default()].join(" ");
    let key = PublicKey::read(&key).map_err(|fault| format!("the key of {name}: {fault}"))?;
    words.try_for_each(is_comment)?;
    Ok(TrustedKey { name: name.to_owned(), key, places, until, withdrawn })
}

fn read_places(list: &str) -> Result<Vec<Slot>, String> {
    let place = |name: &str| {
        let found = Slot::ALL.into_iter().find(|slot| slot.as_str() == name);
        found.ok_or_else(|| {
            let all = Slot::ALL.map(Slot::as_str).join(", ");
            format!("places={list}: there is no place {name:?}; there are {all}")
        })
    };
    list.split(',').map(place).collect()
}

/// What stands behind a key says nothing about it. Somebody who believes that it does has not
/// withdrawn a key, and has to know.
fn is_comment(word: &str) -> Result<(), String> {
    let plain = word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    if plain == "withdrawn" || plain.starts_with("places=") || plain.starts_with("until=") {
        return Err(format!(
            "{word:?} stands behind the key, where it is a comment and counts for nothing: write \
             it before the key (NAME {plain} ssh-ed25519 AAAA…), or take it away"
        ));
    }
    Ok(())
}

fn is_kind_of_key(word: &str) -> bool {
    KINDS_OF_KEYS.contains(&word) || word.contains("-cert-v")
}

fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
    (1..=MOST_NAME).contains(&text.len()) && text.chars().all(is_plain)
}
