//! The WIT, as this host was built with it.

/// The text of `wit/policy.wit`, against which components are checked.
pub const TEXT: &str = include_str!("../../../wit/policy.wit");

/// The version of the contract.
pub fn version() -> &'static str {
    let line =
        TEXT.lines().find(|line| line.starts_with("package auth:policy@")).unwrap_or_default();
    line.trim_start_matches("package auth:policy@").trim_end_matches(';')
}
