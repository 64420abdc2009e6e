//! What serves in each slot, and where it comes from. A source brings components and settings to
//! [`Intake`], which admits them and swaps them in; the policy directory is one source.

mod directory;
mod files;
mod generations;
mod intake;
mod last_good;
mod owners;
mod placed;
mod strays;

pub use directory::PolicyDirectory;
pub use files::Writers;
pub use generations::Generations;
pub use intake::Intake;
pub use last_good::LastGood;
pub use owners::is_read_only;
pub use placed::Placed;
