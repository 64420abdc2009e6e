//! The counts of all releases of this process that are of use: those that a generation holds, and
//! those whose metrics are shown.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::IntCounterVec;

use super::cause::Cause;
use super::counts::{ReleaseCounts, read};
use super::series::Series;
use crate::contract::Slot;
use crate::metrics::{Meter, MeterError};
use crate::store::registry::Counted;

/// Of each place, the metrics of so many releases are shown: of what serves, of the candidate that
/// takes a share beside it, and of those that served last before.
const MOST_SHOWN: usize = 3;

/// The counts of releases; clones share them.
#[derive(Debug, Clone)]
pub struct ReleaseHealth {
    places: Places,
    turn: Arc<AtomicU64>,
    /// Releases that fell back, by place and by the most frequent cause of their faults.
    pub(super) rolled_back: IntCounterVec,
}

/// Of each place.
type Places = Arc<Mutex<BTreeMap<String, Vec<Arc<ReleaseCounts>>>>>;

impl ReleaseHealth {
    pub fn new(meter: &Meter) -> Result<Self, MeterError> {
        let places = Places::default();
        let of_series = Arc::clone(&places);
        meter.add_line(Series::new(Arc::new(move || shown(&of_series)))?)?;
        let rolled_back = meter.counters(
            "auth_policy_rolled_back_total",
            "Releases that fell back by themselves, by the most frequent cause of their faults.",
            &["place", "cause"],
        )?;
        // A series that begins at 1 does not rise: an alert would miss it.
        for slot in Slot::ALL {
            for cause in Cause::ALL {
                rolled_back.with_label_values(&[slot.as_str(), cause.as_str()]);
            }
        }
        Ok(Self { places, turn: Arc::default(), rolled_back })
    }

    /// The counts of a release, whose manifest declares these codes. Those of releases that nobody
    /// can call any more are forgotten here.
    pub fn of(
        &self,
        place: &str,
        release: u64,
        codes: impl Iterator<Item = String>,
    ) -> Arc<ReleaseCounts> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let releases = places.entry(place.to_owned()).or_default();
        if let Some(known) = releases.iter().find(|known| known.release == release) {
            return Arc::clone(known);
        }
        let oldest_shown = last_served(releases).last().map_or(0, |counts| read(&counts.served));
        releases.retain(|counts| {
            let shown = read(&counts.served) >= oldest_shown.max(1);
            shown || Arc::strong_count(counts) > 1
        });
        let counts = ReleaseCounts::new(place, release, codes, Arc::clone(&self.turn));
        let counts = Arc::new(counts);
        releases.push(Arc::clone(&counts));
        counts
    }

    /// What is judged of a release: what it counted since it served last; none, if it was never
    /// called in this process.
    pub fn judged(&self, place: &str, release: u64) -> Option<Counted> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = places.get(place)?.iter().find(|counts| counts.release == release)?;
        let judged = counts.judged();
        (judged.calls > 0).then_some(judged)
    }
}

/// What the metrics tell of.
fn shown(places: &Places) -> Vec<Arc<ReleaseCounts>> {
    let places = places.lock().unwrap_or_else(PoisonError::into_inner);
    places.values().flat_map(|releases| last_served(releases)).collect()
}

/// Those that served last, the latest first.
fn last_served(releases: &[Arc<ReleaseCounts>]) -> Vec<Arc<ReleaseCounts>> {
    let mut served: Vec<_> =
        releases.iter().filter(|counts| read(&counts.served) > 0).cloned().collect();
    served.sort_by_key(|counts| std::cmp::Reverse(read(&counts.served)));
    served.truncate(MOST_SHOWN);
    served
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(health: &ReleaseHealth) -> Vec<u64> {
        shown(&health.places).iter().map(|counts| counts.release).collect()
    }

    #[test]
    fn the_metrics_of_a_place_tell_of_what_serves_and_of_the_last_two() {
        let health = ReleaseHealth::new(&Meter::new().unwrap()).unwrap();
        let of = |release| health.of("login", release, std::iter::empty());
        let kept: Vec<_> = (1..=5).map(of).collect();
        assert!(numbers(&health).is_empty(), "none has served");
        for counts in &kept {
            counts.serves();
            counts.accepted();
        }
        health.of("register", 1, std::iter::empty()).serves();
        assert_eq!(numbers(&health), [5, 4, 3, 1]);
        kept[0].serves();
        assert_eq!(numbers(&health), [1, 5, 4, 1], "one that was rolled back to is shown again");
        assert_eq!(read(&of(1).accepted), 1, "with what it had counted");
    }

    #[test]
    fn what_nobody_can_call_any_more_is_forgotten() {
        let health = ReleaseHealth::new(&Meter::new().unwrap()).unwrap();
        let held = health.of("login", 1, std::iter::empty());
        for release in 2..1000 {
            health.of("login", release, std::iter::empty()).serves();
        }
        let kept = health.places.lock().unwrap()["login"].len();
        assert!(kept <= 5, "{kept} are kept");
        let again = health.of("login", 1, std::iter::empty());
        assert!(Arc::ptr_eq(&held, &again), "a generation held it");
    }
}
