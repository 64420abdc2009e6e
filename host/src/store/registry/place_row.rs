//! The row of a place, and how it changes: the rules of the registry that need no database.

use super::candidate::{Candidate, RolloutMode};
use super::place::{Expected, Freeze, Moved, PlaceState};
use super::refused::RegistryRefusal;
use super::written::as_json;
use crate::clock::Timestamp;

/// A place as it is locked by whoever changes it. One that never had a release has an empty row.
#[derive(Debug, Clone)]
pub(in crate::store) struct PlaceRow {
    pub(in crate::store) place: String,
    /// The highest number that was given: none is given twice.
    pub(in crate::store) newest: i64,
    pub(in crate::store) active: Option<i64>,
    pub(in crate::store) revision: i64,
    pub(in crate::store) activated_at: Timestamp,
    pub(in crate::store) activated_by: String,
    pub(in crate::store) previous: Vec<i64>,
    pub(in crate::store) probation_until: Option<Timestamp>,
    pub(in crate::store) freeze: Option<Freeze>,
    pub(in crate::store) candidate: Option<Candidate>,
    /// One of a later version, which cannot be read: as it is written, and the revision with it.
    pub(in crate::store) unreadable: Option<(String, i64)>,
    /// What was granted. Who saves a row leaves it as it is.
    pub(in crate::store) grants: Option<Vec<String>>,
}

impl PlaceRow {
    /// As others see it; none if nothing was ever activated.
    pub(in crate::store) fn state(self, now: Timestamp) -> Option<PlaceState> {
        let candidate = self.tried().cloned();
        Some(PlaceState {
            active: self.active?,
            place: self.place,
            revision: self.revision,
            activated_at: self.activated_at,
            activated_by: self.activated_by,
            previous: self.previous,
            probation_until: self.probation_until,
            freeze: self.freeze.filter(|freeze| freeze.until > now),
            candidate,
            grants: self.grants,
        })
    }

    /// What is written of the candidate. One that cannot be read stays, for those who can, until
    /// another one takes its place or something else serves.
    pub(in crate::store) fn written(&self) -> Option<String> {
        let unreadable = self.unreadable.as_ref().filter(|(_, at)| *at == self.revision);
        self.candidate.as_ref().map(as_json).or_else(|| unreadable.map(|(text, _)| text.clone()))
    }

    /// What is tried. An older version moves a place and ends no trial by that: then it is over.
    pub(super) fn tried(&self) -> Option<&Candidate> {
        self.candidate.as_ref().filter(|candidate| candidate.base_revision == self.revision)
    }

    /// The same, if it decides about people.
    pub(super) fn tried_by_share(&self) -> Option<&Candidate> {
        self.tried().filter(|candidate| candidate.plan.mode == RolloutMode::Share)
    }

    /// What serves; refused if nothing does.
    pub(super) fn serves(&self) -> Result<i64, RegistryRefusal> {
        self.active.ok_or_else(|| RegistryRefusal::EmptyPlace { place: self.place.clone() })
    }

    /// Refused while it is frozen.
    pub(super) fn thawed(&self, now: Timestamp) -> Result<(), RegistryRefusal> {
        match &self.freeze {
            Some(freeze) if freeze.until > now => Err(RegistryRefusal::Frozen {
                place: self.place.clone(),
                until: freeze.until,
                who: freeze.by.clone(),
                why: freeze.why.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// From now on this release serves, and what served is kept ready.
    pub(super) fn activate(
        &mut self,
        number: i64,
        by: &str,
        now: Timestamp,
        probation_until: Option<Timestamp>,
    ) -> Moved {
        let mut previous: Vec<i64> = self.active.into_iter().collect();
        previous.extend(&self.previous);
        previous.retain(|other| *other != number);
        previous.truncate(PlaceState::MOST_PREVIOUS);
        // There must be something to fall back to.
        let probation_until = probation_until.filter(|_| !previous.is_empty());
        self.point(number, previous, by, now, probation_until)
    }

    /// Where a rollback leads to.
    pub(super) fn way_back(
        &self,
        to: Option<i64>,
        expected: Expected,
        now: Timestamp,
    ) -> Result<i64, RegistryRefusal> {
        let (place, active) = (self.place.clone(), self.serves()?);
        let is_as_expected = match expected {
            Expected::Anything => true,
            Expected::Release(number) => number == active,
            Expected::Probation(revision) => {
                revision == self.revision && self.probation_until.is_some_and(|until| until > now)
            }
        };
        if !is_as_expected {
            return Err(RegistryRefusal::ChangedMeanwhile { place, active });
        }
        match to.or_else(|| self.previous.first().copied()) {
            None => Err(RegistryRefusal::NothingBefore { place }),
            Some(number) if number == active => {
                Err(RegistryRefusal::ServesAlready { place, number })
            }
            Some(number) => Ok(number),
        }
    }

    /// From now on an earlier release serves again. What is kept ready is what stood behind it:
    /// another step back leads further back.
    pub(super) fn go_back(&mut self, number: i64, by: &str, now: Timestamp) -> Moved {
        let behind = self.previous.iter().position(|other| *other == number);
        let previous = self.previous.split_off(behind.map_or(0, |place| place + 1));
        self.point(number, previous, by, now, None)
    }

    fn point(
        &mut self,
        number: i64,
        previous: Vec<i64>,
        by: &str,
        now: Timestamp,
        probation_until: Option<Timestamp>,
    ) -> Moved {
        let from = self.active.replace(number);
        self.revision += 1;
        by.clone_into(&mut self.activated_by);
        self.activated_at = now;
        self.previous = previous;
        self.probation_until = probation_until;
        Moved { place: self.place.clone(), from, to: number, revision: self.revision }
    }
}
