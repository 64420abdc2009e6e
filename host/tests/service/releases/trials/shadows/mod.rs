//! Shadows through the public door: what is counted of them, what is skipped, and that nothing of
//! one is ever written.

mod comparing;
mod ending;
mod outside;
mod replaying;
mod skipping;
mod tried;
mod writing;

use tried::Tried;
