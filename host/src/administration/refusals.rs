//! What the registry and admission refuse, as answers: a stable code, and a sentence that says what
//! to do.

use super::codes;
use super::moments::moment;
use crate::errors::{ApiError, ErrorCode, Reason, catalogue};
use crate::policy::admission::{Fault, Faults};
use crate::store::StoreError;
use crate::store::registry::{RegistryError, RegistryRefusal};
use crate::telemetry::rarely;

/// What stands against a change.
pub(super) fn of_registry(error: RegistryError) -> ApiError {
    match error {
        RegistryError::Refused(refusal) => of_refusal(&refusal),
        RegistryError::Store(error) => of_store(&error),
    }
}

/// The database.
pub(super) fn of_store(error: &StoreError) -> ApiError {
    rarely!(error, %error, "the registry was not reached");
    match error {
        StoreError::Unavailable(_) => catalogue::UNAVAILABLE.into(),
        StoreError::OutcomeUnknown(_) => catalogue::OUTCOME_UNKNOWN.into(),
        StoreError::Damaged(_) | StoreError::FileDamaged(_) => catalogue::INTERNAL.into(),
    }
}

/// All that admission found.
pub(super) fn of_faults(what: &str, faults: &Faults) -> ApiError {
    let reasons: Vec<Reason> = faults
        .iter()
        .map(|fault: &Fault| Reason {
            text: fault.to_string(),
            remedy: fault.remedy().to_owned(),
            of_settings: fault.is_of_settings(),
        })
        .collect();
    let sentence = format!("{what} does not pass: {faults}. Nothing was kept");
    ApiError { reasons, ..ApiError::with_message(codes::REFUSED, sentence) }
}

fn of_refusal(refusal: &RegistryRefusal) -> ApiError {
    use RegistryRefusal as R;
    let (code, advice): (ErrorCode, &str) = match refusal {
        R::NoRelease { .. } => (codes::NO_RELEASE, "It may have been pruned; see policy history"),
        R::NoComponent { .. } => (
            codes::NO_COMPONENT,
            "Push it first; one that no release names is pruned after a while",
        ),
        R::EmptyPlace { .. } => (codes::EMPTY_PLACE, "Push a release and deploy it"),
        R::ServesAlready { .. } => (codes::SERVES_ALREADY, "There is nothing to do"),
        R::Deploying { .. } => {
            (codes::DEPLOYING, "Wait until that has ended, or cancel it, and ask again")
        }
        R::Frozen { .. } => (codes::FROZEN, "Wait, or unfreeze it. Rollbacks are possible"),
        R::NothingBefore { .. } => {
            (codes::NOTHING_BEFORE, "Name a release that served once, or deploy another")
        }
        R::NeverServed { .. } => (codes::NEVER_SERVED, "Deploy it instead"),
        R::ChangedMeanwhile { .. } | R::GrantedMeanwhile { .. } => {
            (codes::CHANGED_MEANWHILE, "Look, and ask again")
        }
        R::NotAllReady { .. } => (
            codes::NOT_ALL_READY,
            "Wait, or mend or stop that replica; or abort the trial. A deployment to all asks every \
             replica, too",
        ),
        R::TriedMeanwhile { .. } => (
            codes::CHANGED_MEANWHILE,
            "Name that one to take it out, or abort the trial; then go back once more",
        ),
        R::TooManySignatures { .. } => {
            (codes::TOO_MANY_SIGNATURES, "Build it again, and have only those sign it who are to")
        }
        R::NotEmpty { .. } => (codes::CHANGED_MEANWHILE, "Deploy a release instead"),
        R::NoDeployment => (codes::NO_DEPLOYMENT, "See policy status and policy history"),
        R::Trying { .. } => (codes::TRYING, "Promote or abort it first"),
        R::NoCandidate { .. } => (codes::NO_CANDIDATE, "See policy status"),
        R::NoSteps { .. } => (codes::NO_STEPS, "Promote or abort it, or deploy it with steps"),
        R::StepsAsAsked { .. } => (codes::STEPS_AS_ASKED, "There is nothing to do"),
        R::OldReplica { .. } => (codes::OLD_REPLICA, "Upgrade it first, or deploy to all at once"),
        R::TokenExists { .. } => (codes::CHANGED_MEANWHILE, "Choose another name"),
        R::NoToken { .. } => (codes::INVALID_ADMIN_TOKEN, "See auth-host admin token list"),
    };
    let what = match refusal {
        // Its own sentence has a number where people read a time.
        R::Frozen { place, until, who, why } => {
            format!("{place} is frozen by {who} until {}: {why}", moment(*until))
        }
        other => other.to_string(),
    };
    ApiError::with_message(code, format!("{what}. {advice}"))
}
