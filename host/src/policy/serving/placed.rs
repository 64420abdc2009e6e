//! What lies in a slot's place and does not serve, and why: for `/readyz` and the metric.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus::IntGaugeVec;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::contract::{PerSlot, Slot};
use crate::policy::admission::Faults;
use crate::store::registry::RegistryError;

/// More of a reason than this is in the log only.
const MOST_CHARACTERS: usize = 2000;

/// Why what was placed does not serve.
#[derive(Debug, Clone)]
pub enum Placed {
    /// It is being checked or compiled.
    InAdmission,
    /// It, or its settings.
    Refused { faults: String, remedy: String },
    /// The component serves, but with the settings that it was last admitted with: those of the
    /// file do not fit it.
    OtherSettings { faults: String, remedy: String },
    /// It was admitted, and the registry did not take it: nothing serves that is not there.
    NotKept { why: String },
    /// It is no release of the registry, and the directory fills an empty place alone.
    NotTaken { why: String },
}

impl Placed {
    /// With every fault and what to do about it.
    pub fn refused(faults: &Faults) -> Self {
        Self::Refused { faults: faults.to_string(), remedy: faults.remedies() }
    }

    /// Admitted, and not let in: each reason says what to do.
    pub fn barred(reasons: &[String]) -> Self {
        let remedy = "It is asked again by itself, and is let in once that is mended.";
        Self::Refused { faults: reasons.join(" "), remedy: remedy.to_owned() }
    }

    /// With every fault of the settings.
    pub fn other_settings(faults: &Faults) -> Self {
        Self::OtherSettings { faults: faults.to_string(), remedy: faults.remedies() }
    }

    /// With what stands against it; of an error of the database only that there is one.
    pub fn not_kept(error: &RegistryError) -> Self {
        let why = match error {
            RegistryError::Refused(refusal) => refusal.to_string(),
            RegistryError::Store(_) => {
                "the database does not answer, or takes no writes; what serves goes on".to_owned()
            }
        };
        Self::NotKept { why }
    }

    /// With what stands against it besides, if anything is known.
    pub fn not_taken(faults: Option<&str>) -> Self {
        let why = "it is no release of the registry, which says what serves: without \
                   POLICY_DIR_FOLLOW=true the directory fills an empty place once";
        Self::NotTaken { why: faults.map_or(why.to_owned(), |faults| format!("{why}. {faults}")) }
    }

    /// It was not let in at first, and the place has moved on.
    pub fn overtaken() -> Self {
        let why = "it was not let in, and another release was activated since: a grant or a \
                   signature that comes later does not put it in that one's place. To bring it \
                   all the same, write the file anew";
        Self::NotTaken { why: why.to_owned() }
    }

    /// As the metric's label and `/readyz` say it.
    const STATES: [&'static str; 5] =
        ["in_admission", "refused", "other_settings", "not_kept", "not_taken"];

    const fn state(&self) -> &'static str {
        match self {
            Self::InAdmission => Self::STATES[0],
            Self::Refused { .. } => Self::STATES[1],
            Self::OtherSettings { .. } => Self::STATES[2],
            Self::NotKept { .. } => Self::STATES[3],
            Self::NotTaken { .. } => Self::STATES[4],
        }
    }

    fn sentences(&self) -> (&str, &str) {
        match self {
            Self::InAdmission => ("it is being checked and compiled", "Wait."),
            Self::Refused { faults, remedy } | Self::OtherSettings { faults, remedy } => {
                (faults, remedy)
            }
            Self::NotKept { why } => (
                why,
                "Let the database answer and take writes, or wait until the place is no longer \
                 frozen; it is tried again by itself.",
            ),
            Self::NotTaken { why } => (
                why,
                "Deploy it with `auth-host policy push` and `auth-host policy deploy`, or remove \
                 it.",
            ),
        }
    }
}

/// What is placed in each slot, where it is not what serves.
pub(super) struct Places {
    slots: PerSlot<Mutex<Option<(Placed, Instant)>>>,
    metric: IntGaugeVec,
}

impl Places {
    /// Everything that is placed serves.
    pub(super) fn new(metric: IntGaugeVec) -> Self {
        for slot in Slot::ALL {
            for state in Placed::STATES {
                metric.with_label_values(&[slot.as_str(), state]).set(0);
            }
        }
        Self { slots: PerSlot::default(), metric }
    }

    /// Says what is placed, or that it serves.
    pub(super) fn set(&self, slot: Slot, placed: Option<Placed>) {
        let state = placed.as_ref().map(Placed::state);
        for other in Placed::STATES {
            let is = i64::from(state == Some(other));
            self.metric.with_label_values(&[slot.as_str(), other]).set(is);
        }
        *self.slots.get(slot).lock().unwrap_or_else(PoisonError::into_inner) =
            placed.map(|placed| (placed, Instant::now()));
    }

    pub(super) fn is_refused(&self, slot: Slot) -> bool {
        let placed = self.slots.get(slot).lock().unwrap_or_else(PoisonError::into_inner);
        matches!(&*placed, Some((Placed::Refused { .. }, _)))
    }

    /// For `/readyz`: a member for each slot in which something else is placed.
    pub(super) fn describe(&self) -> Vec<Value> {
        let of = |slot: Slot| {
            let placed = self.slots.get(slot).lock().unwrap_or_else(PoisonError::into_inner);
            placed.clone().map(|(placed, since)| {
                let (why, remedy) = placed.sentences();
                json!({
                    "slot": slot,
                    "state": placed.state(),
                    "seconds": Duration::as_secs(&since.elapsed()),
                    "why": cut(why),
                    "remedy": cut(remedy),
                })
            })
        };
        Slot::ALL.into_iter().filter_map(of).collect()
    }
}

fn cut(text: &str) -> String {
    text.chars().take(MOST_CHARACTERS).collect()
}
