//! `auth-host policy`: what authors and operators do with policies. `check`, `inspect` and `pack`
//! work on files alone; the others ask the admin API of a service, and change nothing by
//! themselves.

mod admission;
mod against;
mod asking;
mod check;
mod client;
mod compare;
mod costs;
mod deploy;
mod export;
mod files;
mod freeze;
mod history;
mod import;
mod names;
mod pack;
mod problem;
mod progress;
mod prune;
mod push;
mod releases;
mod rollback;
mod run;
mod settled;
mod show;
mod status;

pub use pack::Pack;
pub use run::{PolicyRun, WAY};
