//! A signature, and the file of signatures beside a component (`guarded.wasm.sig`): a line of JSON
//! each.

use super::fault::SignatureFault;
use super::public_key::PublicKey;
use super::statement::Statement;

/// So many signatures has a component at most.
pub const MOST_SIGNATURES: usize = 16;

/// A signature with the key that made it and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub key: PublicKey,
    pub statement: Statement,
    pub signature: [u8; 64],
}

impl Signature {
    /// From its line.
    pub fn read(_line: &str) -> Result<Self, SignatureFault> {
        todo!()
    }

    /// As a line of JSON, without its end.
    pub fn line(&self) -> String {
        todo!()
    }

    /// Whether the key made it for this statement: the sentence says what it is else.
    pub fn holds_for(&self, _statement: &Statement) -> Result<(), SignatureFault> {
        todo!()
    }
}

/// All signatures of a file; each line that is wrong is told with its number.
pub fn read_lines(_text: &str) -> Result<Vec<Signature>, SignatureFault> {
    todo!()
}

/// As a file holds them: one of each key, the last one counts.
pub fn write_lines(_signatures: &[Signature]) -> String {
    todo!()
}
