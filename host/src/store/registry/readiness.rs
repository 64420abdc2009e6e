//! Who stands against giving all people what is tried: whatever serves all was ready on all
//! replicas before, also on those that came while it was tried.

use super::candidate::Candidate;
use super::replica::{Replica, Serving};

/// A replica that does not take part in a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unready {
    pub replica: String,
    /// None: it has not said anything of it yet, and may say so with its next beat.
    pub why: Option<String>,
}

impl Unready {
    /// For people.
    pub fn sentence(&self) -> String {
        let why = self.why.as_deref().unwrap_or("it has not said yet that it takes part");
        format!("the replica {} would not serve it: {why}", self.replica)
    }
}

/// The first live replica that is not known to have the candidate ready; those that have to wait
/// longer first. One with a pinned release does not count: it serves that one whatever happens.
/// Which turn a replica is at says nothing of whether it is ready.
pub fn unready(place: &str, candidate: &Candidate, replicas: &[Replica]) -> Option<Unready> {
    let live = replicas.iter().filter(|replica| replica.live);
    let unready = live.filter_map(|replica| {
        let serving = replica.serving.iter().find(|serving| serving.place == place);
        let why = serving.map_or(Err(None), |serving| takes_part(serving, candidate)).err()?;
        Some(Unready { replica: replica.name.clone(), why })
    });
    unready.min_by_key(|unready| unready.why.is_none())
}

fn takes_part(serving: &Serving, candidate: &Candidate) -> Result<(), Option<String>> {
    if serving.pinned {
        return Ok(());
    }
    if !serving.rollouts {
        return Err(Some("its version knows of no candidates: upgrade it".to_owned()));
    }
    match serving.trial.as_ref().filter(|trial| trial.rollout == candidate.rollout) {
        Some(trial) if trial.runs => Ok(()),
        Some(trial) => Err(trial.why.clone()),
        None => Err(None),
    }
}
