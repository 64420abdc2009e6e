//! What serves in each slot, and the policy directory as a source of it. The directory brings
//! components and settings to [`Intake`], which admits them, makes them releases of the registry
//! and swaps them in.

mod directory;
mod earlier;
mod files;
mod found;
mod generations;
mod intake;
mod placed;
mod registry;
mod strays;
mod threshold;
mod untaken;

pub use directory::PolicyDirectory;
pub use earlier::EarlierCopies;
pub use files::Writers;
pub use generations::Generations;
pub use intake::Intake;
pub use placed::Placed;
pub use registry::DirectoryRegistry;
pub use threshold::Threshold;
