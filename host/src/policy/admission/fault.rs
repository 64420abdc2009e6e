//! All that a component, its settings or their files can have done wrong, as one type: what a
//! refusal is made of. The text of a fault says what is wrong, its remedy what to do about it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::asks::AsksFault;
use super::bounds::BoundsFault;
use super::bytes::BytesFault;
use super::child_fault::ChildFault;
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
    /// Found between what it imports and what its manifest asks for.
    #[error(transparent)]
    Asks(#[from] AsksFault),
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
    /// Found by the process that admits components, as it told it.
    #[error("{}", .0.text)]
    Found(Found),
    /// That process came to no answer.
    #[error(transparent)]
    Child(#[from] ChildFault),
    /// The host's own work on it ended with a panic.
    #[error("admission itself failed")]
    Unfinished,
}

impl Fault {
    /// What to do about it, as a sentence for whoever can mend it.
    pub fn remedy(&self) -> &str {
        match self {
            Self::File(fault) => fault.remedy(),
            Self::Bytes(fault) => fault.remedy(),
            Self::Manifest(fault) => fault.remedy(),
            Self::World(fault) => fault.remedy(),
            Self::Asks(fault) => fault.remedy(),
            Self::Settings(fault) => fault.remedy(),
            Self::Compile(fault) => fault.remedy(),
            Self::Bounds(fault) => fault.remedy(),
            Self::Trial(fault) => fault.remedy(),
            Self::Found(found) => &found.remedy,
            Self::Child(fault) => fault.remedy(),
            Self::Unfinished => {
                "Offer it again; if it is refused again, report it to the maintainers of this \
                 host, with the lines of the log before this one."
            }
        }
    }
}

/// A fault on its way from one process to another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Found {
    /// Whether it lies in the settings, and not in the component.
    pub of_settings: bool,
    pub text: String,
    pub remedy: String,
}

impl Fault {
    /// Whether other settings would do.
    pub fn is_of_settings(&self) -> bool {
        match self {
            Self::Settings(SettingsFault::Value { .. }) => true,
            Self::File(fault) => fault.is_of_settings(),
            Self::Found(found) => found.of_settings,
            _ => false,
        }
    }

    /// As it is told to another process: what is too long is cut.
    pub(super) fn found(&self) -> Found {
        Found {
            of_settings: self.is_of_settings(),
            text: self.to_string().chars().take(2048).collect(),
            remedy: self.remedy().to_owned(),
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

    /// Whether the component would serve with other settings.
    pub fn are_of_settings(&self) -> bool {
        !self.0.is_empty() && self.iter().all(Fault::is_of_settings)
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

impl From<Vec<Found>> for Faults {
    fn from(found: Vec<Found>) -> Self {
        Self(found.into_iter().map(Fault::Found).collect())
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
