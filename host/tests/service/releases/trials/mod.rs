//! Candidates: what is tried beside what serves, as a shadow or for a share of people.

mod shadows;
mod shares;
mod commands;
mod story;
