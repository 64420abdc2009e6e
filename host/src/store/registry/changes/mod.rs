//! The changes of the registry, each in one transaction of whichever database it is.
//!
//! The rule: who changes a place locks its row first, and writes a line of history.

pub(in crate::store) mod deployments;
mod moving;
pub(in crate::store) mod places;
pub(in crate::store) mod releases;
pub(in crate::store) mod rollouts;
pub(in crate::store) mod tokens;
pub(in crate::store) mod trust;
