//! Where secrets are.

use std::collections::HashMap;
use std::path::PathBuf;

use zeroize::Zeroizing;

/// Where secrets are.
#[derive(Clone, Default)]
pub struct SecretSettings {
    /// `POLICY_SECRETS_DIR`: files named `<place>_<name>`.
    pub folder: Option<PathBuf>,
    /// The variables `POLICY_SECRET_<place>_<name>`, by what follows `POLICY_SECRET_` in lower case.
    pub variables: HashMap<String, Zeroizing<String>>,
    /// Whether anybody may write to the files and to their folder: on a developer's machine.
    pub anybody: bool,
}
