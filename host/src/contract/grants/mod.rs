//! What a policy may do beyond deciding: what its manifest asks for, and what an operator has granted
//! to its place. Both are sets of *items*, each with a text of its own, such as
//! `interface:storage`, `event:stepped_up`, `http:GET https://api.example.com`, `memory:8MiB`.

mod asks;
mod item;
mod set;

pub use asks::Asks;
pub use item::{Item, ItemFault};
pub use set::Grants;
