//! A signature, and the file of signatures beside a component (`guarded.wasm.sig`): a line of JSON
//! each.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::fault::SignatureFault;
use super::public_key::PublicKey;
use super::statement::Statement;

/// So many signatures has a component at most.
pub const MOST_SIGNATURES: usize = 16;

/// So long is a file of signatures at most: more than so many of the longest lines.
pub const MOST_FILE_BYTES: u64 = 64 * 1024;

/// No line of ours is half as long.
const MOST_BYTES: usize = 1024;

/// Of lines, as long as they are read as they are today.
const VERSION: u32 = 1;

/// A signature with the key that made it and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub key: PublicKey,
    pub statement: Statement,
    pub signature: [u8; 64],
}

/// The form of a line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    auth_host_signature: u32,
    key: String,
    component: String,
    place: String,
    name: String,
    version: String,
    signature: String,
}

impl Signature {
    /// From its line.
    pub fn read(line: &str) -> Result<Self, SignatureFault> {
        let fault = |text: String| Err(SignatureFault(text));
        if line.len() > MOST_BYTES {
            return fault(format!("it has more than {MOST_BYTES} bytes, and is no signature"));
        }
        let line: Line = serde_json::from_str(line).map_err(|error| {
            let cut_off = if error.is_eof() { ": it is cut off" } else { "" };
            SignatureFault(format!("it is no signature that can be read{cut_off} ({error})"))
        })?;
        let version = line.auth_host_signature;
        if version != VERSION {
            return fault(format!(
                "it is of the form {version}, and this auth-host reads the form {VERSION}"
            ));
        }
        let key = PublicKey::read(&line.key)
            .map_err(|fault| SignatureFault(format!("its key cannot be read: {fault}")))?;
        // One form of each: what is kept and compared is the text.
        if key.openssh() != line.key {
            return fault("its key is not written as ssh-ed25519 AAAA…, and nothing else".into());
        }
        let Line { component, place, name, version, .. } = line;
        let statement = Statement { component, place, name, version };
        statement.check()?;
        let signature = STANDARD.decode(&line.signature).map_err(|_| {
            SignatureFault("its signature is no Base64: it is cut off or damaged".into())
        })?;
        match signature.as_slice().try_into() {
            Ok(signature) => Ok(Self { key, statement, signature }),
            Err(_) => fault(format!(
                "its signature has {} bytes, and not 64: it is cut off or damaged",
                signature.len()
            )),
        }
    }

    /// As a line of JSON, without its end.
    pub fn line(&self) -> String {
        let Statement { component, place, name, version } = self.statement.clone();
        let line = Line {
            auth_host_signature: VERSION,
            key: self.key.openssh(),
            component,
            place,
            name,
            version,
            signature: STANDARD.encode(self.signature),
        };
        line.json()
    }

    /// Whether the key made it for this statement: the sentence says what it is else.
    pub fn holds_for(&self, statement: &Statement) -> Result<(), SignatureFault> {
        if let Some(difference) = statement.difference(&self.statement) {
            return Err(SignatureFault(format!("it is for {difference}")));
        }
        let key = UnparsedPublicKey::new(&ED25519, self.key.bytes());
        key.verify(&statement.bytes(), &self.signature).map_err(|_| {
            SignatureFault("its key did not make it, or it was changed since".to_owned())
        })
    }
}

impl Line {
    fn json(&self) -> String {
        serde_json::to_string(self).expect("texts and a number are JSON")
    }
}

/// All signatures of a file; each line that is wrong is told with its number. Empty lines are none.
pub fn read_lines(text: &str) -> Result<Vec<Signature>, SignatureFault> {
    let (mut signatures, mut faults) = (Vec::new(), Vec::new());
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    for (number, (index, line)) in lines.enumerate() {
        if number == MOST_SIGNATURES {
            faults.push(format!("there are more than {MOST_SIGNATURES} signatures"));
            break;
        }
        match Signature::read(line.trim()) {
            Ok(signature) => signatures.push(signature),
            Err(fault) => faults.push(format!("line {}: {fault}", index + 1)),
        }
    }
    if faults.is_empty() { Ok(signatures) } else { Err(SignatureFault(faults.join("; "))) }
}

/// As a file holds them: one of each key, the last one counts.
pub fn write_lines(signatures: &[Signature]) -> String {
    let is_last = |index: usize, key: &PublicKey| {
        signatures[index + 1..].iter().all(|later| later.key != *key)
    };
    let kept = signatures.iter().enumerate().filter(|(index, one)| is_last(*index, &one.key));
    kept.map(|(_, one)| one.line() + "\n").collect()
}
