//! Releases of policies, from the registry to a way back.

mod registry;
