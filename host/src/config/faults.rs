//! What is wrong with the settings.

/// All that is wrong with the settings, a line a variable.
#[derive(Debug, thiserror::Error)]
#[error("the settings are wrong:\n  {}", .0.join("\n  "))]
pub struct ConfigError(pub Vec<String>);
