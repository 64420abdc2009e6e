//! The database as the rest of the host asks it, whichever it is: an enum and no trait, because
//! there are two.

mod registry;
mod store;
mod trials;
mod trust;

pub use store::Store;
