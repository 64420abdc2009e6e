//! What a component has to have before it is deployed.

use std::fmt;
use std::path::PathBuf;

use crate::contract::PerSlot;

/// What a component has to have before it is deployed.
#[derive(Debug, Clone)]
pub struct TrustSettings {
    /// `POLICY_TRUSTED_KEYS`: the file of trusted keys.
    pub keys: Option<PathBuf>,
    /// `POLICY_SIGNATURES`: so many signatures of different trusted keys each place wants, at least
    /// one.
    pub needed: PerSlot<u32>,
    /// `POLICY_UNSIGNED`: whence components are taken without.
    pub unsigned: Unsigned,
    /// Whether the file of keys may be anybody's (`ENV=local`).
    pub anybody: bool,
}

/// Whence components are taken without a signature.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unsigned {
    /// The policy directory.
    pub directory: bool,
    /// What was pushed or imported.
    pub push: bool,
}

impl fmt::Display for Unsigned {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match (self.directory, self.push) {
            (false, false) => "none",
            (true, false) => "directory",
            (false, true) => "push",
            (true, true) => "directory,push",
        })
    }
}
