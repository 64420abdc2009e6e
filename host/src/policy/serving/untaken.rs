//! Why nothing came of what lies in the policy directory.

use crate::policy::admission::{Faults, FileFault};
use crate::store::StoreError;
use crate::store::registry::RegistryError;

/// Why nothing came of a find.
pub(super) enum Untaken {
    Refused(Faults),
    /// It passed admission, and is not let in: too few trusted keys have signed it, it asks for
    /// what was not granted, or this replica lacks a secret of it.
    Barred(Vec<String>),
    /// The registry did not answer.
    Away(RegistryError),
    /// There is nothing to do: what the registry says is active serves.
    NoNews,
    /// It is something else than the registry has, and the directory does not count any more; with
    /// what stands against it besides, if anything is known.
    NotTaken(Option<String>),
}

impl From<Faults> for Untaken {
    fn from(faults: Faults) -> Self {
        Self::Refused(faults)
    }
}

impl From<FileFault> for Untaken {
    fn from(fault: FileFault) -> Self {
        Self::Refused(fault.into())
    }
}

impl From<StoreError> for Untaken {
    fn from(error: StoreError) -> Self {
        Self::Away(error.into())
    }
}

impl From<RegistryError> for Untaken {
    fn from(error: RegistryError) -> Self {
        Self::Away(error)
    }
}
