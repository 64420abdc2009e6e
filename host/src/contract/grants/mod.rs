//! What a policy may do beyond deciding: what its manifest asks for, and what an operator has
//! granted to its place. Both are sets of *items*, each with a text of its own, such as
//! `interface:storage`, `event:stepped_up`, `http:GET https://api.example.com`, `memory:8MiB`.
//!
//! The rule: a grant is never more than the host allows, and what cannot be read grants nothing.

mod amount;
mod asks;
mod bounds;
mod interfaces;
mod item;
mod set;
#[cfg(test)]
mod tests;

pub use asks::Asks;
pub use bounds::check_bound;
pub use interfaces::imported;
pub use item::{Item, ItemFault, is_secret_name};
pub use set::{Grants, quoted};
