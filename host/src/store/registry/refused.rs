//! Why the registry does not do what it was asked.

use super::readiness::Unready;
use crate::clock::moment;
use crate::store::StoreError;
use crate::store::error::MayBeWell;

/// Why a change of the registry was not made.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// As things stand it cannot be.
    #[error(transparent)]
    Refused(#[from] RegistryRefusal),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MayBeWell for RegistryError {
    fn of_the_database(&self) -> Option<&StoreError> {
        match self {
            Self::Refused(_) => None,
            Self::Store(error) => Some(error),
        }
    }
}

/// What stands against a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryRefusal {
    #[error("there is no release {place}/{number}")]
    NoRelease { place: String, number: i64 },
    #[error("there is no component {digest}")]
    NoComponent { digest: String },
    #[error("nothing was ever deployed in {place}")]
    EmptyPlace { place: String },
    #[error("{place}/{number} serves already")]
    ServesAlready { place: String, number: i64 },
    #[error("{place}/{release} is being deployed by {who} already")]
    Deploying { place: String, release: i64, who: String },
    /// Who did it and why is for those who may ask: the sentence is told on the public port, too.
    #[error("{place} is frozen until {}", moment(*.until))]
    Frozen { place: String, until: i64, who: String, why: String },
    #[error("no release of {place} served before the one that serves now")]
    NothingBefore { place: String },
    #[error("{place}/{number} never served, so nobody can roll back to it")]
    NeverServed { place: String, number: i64 },
    #[error("{place} was changed meanwhile: {place}/{active} serves")]
    ChangedMeanwhile { place: String, active: i64 },
    #[error("{place}/{release} is being tried by {who} already")]
    Trying { place: String, release: i64, who: String },
    #[error("nothing is being tried in {place}")]
    NoCandidate { place: String },
    #[error("the trial of {place} has no steps that could be paused or go on")]
    NoSteps { place: String },
    #[error("the steps of {place} are paused already, or go on already")]
    StepsAsAsked { place: String },
    #[error("the replica {replica} runs a version that knows of no candidates")]
    OldReplica { replica: String },
    #[error("{place}/{release} cannot serve all yet: {}", .unready.sentence())]
    NotAllReady { place: String, release: i64, unready: Unready },
    /// Somebody wants to be rid of what serves while another release is tried on people.
    #[error(
        "{place}/{candidate} is being tried on a part of all people, so a step back takes that one \
         out and nothing else, and it is not {place}/{from}"
    )]
    TriedMeanwhile { place: String, candidate: i64, from: i64 },
    #[error("what {place} is granted was changed meanwhile")]
    GrantedMeanwhile { place: String },
    #[error(
        "the component {digest} would have {signatures} signatures, and {most} are kept at most"
    )]
    TooManySignatures { digest: String, signatures: usize, most: usize },
    #[error("the place {place} has releases already")]
    NotEmpty { place: String },
    #[error("there is no such deployment, or it has ended")]
    NoDeployment,
    #[error("there is a token of the name {name} already, or was one: no name is given again")]
    TokenExists { name: String },
    #[error("there is no token of the name {name}")]
    NoToken { name: String },
}
