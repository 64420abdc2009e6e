//! Releases of policies, from the registry to a way back.

pub(crate) mod registry;
