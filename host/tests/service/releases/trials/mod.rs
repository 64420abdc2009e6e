//! Candidates: what is tried beside what serves, as a shadow or for a share of people.

mod commands;
mod shadows;
mod shares;
mod story;
