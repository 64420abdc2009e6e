//! All that a component, its settings or their files can have done wrong, as one type: what a
//! refusal is made of. The text of a fault says what is wrong, its remedy what to do about it.

use std::fmt;

use super::bounds::BoundsFault;
use super::bytes::BytesFault;
use super::compile::CompileFault;
use super::file::FileFault;
use super::trial::TrialFault;
use super::world::WorldFault;
use crate::contract::{ManifestFault, SettingsFault};

/// One reason for a refusal.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Found in a file, before what it holds was looked at.
    #[error(transparent)]
    File(#[from] FileFault),
    /// Found in the raw bytes.
    #[error(transparent)]
    Bytes(#[from] BytesFault),
    /// Found in what the component says of itself.
    #[error(transparent)]
    Manifest(#[from] ManifestFault),
    /// Found in what it imports and exports.
    #[error(transparent)]
    World(#[from] WorldFault),
    /// Found in what the operator set for it.
    #[error(transparent)]
    Settings(#[from] SettingsFault),
    /// Found by the compiler.
    #[error(transparent)]
    Compile(#[from] CompileFault),
    /// Found in what it starts with.
    #[error(transparent)]
    Bounds(#[from] BoundsFault),
    /// Found by the first instance.
    #[error(transparent)]
    Trial(#[from] TrialFault),
    /// The host's own work on it ended with a panic.
    #[error("admission itself failed")]
    Unfinished,
}

impl Fault {
    /// What to do about it, as a sentence for whoever can mend it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::File(fault) => fault.remedy(),
            Self::Bytes(fault) => fault.remedy(),
            Self::Manifest(fault) => fault.remedy(),
            Self::World(fault) => fault.remedy(),
            Self::Settings(fault) => fault.remedy(),
            Self::Compile(fault) => fault.remedy(),
            Self::Bounds(fault) => fault.remedy(),
            Self::Trial(fault) => fault.remedy(),
            Self::Unfinished => {
                "Offer it again; if it is refused again, report it to the maintainers of this \
                 host, with the lines of the log before this one."
            }
        }
    }
}

/// Why a component was refused: every fault that could be found.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, more: impl Into<Self>) {
        self.0.extend(more.into().0);
    }

    /// In the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// What to do about all of them, without repeats, on one line.
    pub fn remedies(&self) -> String {
        let mut remedies = Vec::new();
        for remedy in self.iter().map(Fault::remedy) {
            if !remedies.contains(&remedy) {
                remedies.push(remedy);
            }
        }
        remedies.join(" ")
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.iter().enumerate() {
            let separator = if number == 0 { "" } else { "; " };
            write!(formatter, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl<F> From<F> for Faults
where
    Fault: From<F>,
{
    fn from(fault: F) -> Self {
        Self(vec![fault.into()])
    }
}

impl<F> From<Vec<F>> for Faults
where
    Fault: From<F>,
{
    fn from(faults: Vec<F>) -> Self {
        Self(faults.into_iter().map(Fault::from).collect())
    }
}
