//! `auth-host policy`: what authors and operators do with policies. `check`, `inspect`,
//! `pack`, `keygen`, `verify` and `sign` of a file work on files alone; the others ask the admin API of a service, and change nothing by
//! themselves.

mod admission;
mod against;
mod asking;
mod check;
mod client;
mod compare;
mod costs;
mod deploy;
mod diff;
mod export;
mod files;
mod freeze;
mod grants;
mod groups;
mod history;
mod import;
mod items;
mod key_files;
mod keygen;
mod names;
mod noted;
mod pack;
mod part;
mod plan;
mod problem;
mod progress;
mod prune;
mod push;
mod releases;
mod rollback;
mod run;
mod settled;
mod shadowed;
mod show;
mod sign;
mod sign_release;
mod signed;
mod standing;
mod status;
mod trial;
mod tried;
mod trying;
mod verify;
mod wanted;

pub use pack::Pack;
pub use run::{PolicyRun, WAY};
