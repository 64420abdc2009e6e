//! What a trial keeps of its differences, whatever a policy makes of them: so many kinds, so many
//! samples, and none is long. Counting goes on all the same.

use std::collections::{BTreeMap, BTreeSet};

use super::differences::{DifferenceSample, NewDifferences};

/// So many kinds have a count of their own in a trial, beside those that always have one: 200.
const KEPT_KINDS: usize = 195;
/// What is beyond is counted under the first word of its kind.
const ALWAYS_KEPT: [&str; 5] =
    ["same", "differs:other", "not_comparable:other", "fault:other", "skipped:other"];
/// A kind, an id or a name of more characters is cut.
const LONGEST: usize = 160;

/// So many samples of a kind stay, the latest.
pub(in crate::store) const KEPT_SAMPLES_OF_KIND: i64 = 20;
/// So many samples of a trial stay; kinds that have many give way.
pub(in crate::store) const KEPT_SAMPLES: i64 = 1000;

/// What is added to a trial that has these kinds.
pub(in crate::store) struct Fitted {
    pub(in crate::store) counts: Vec<(String, i64)>,
    pub(in crate::store) samples: Vec<DifferenceSample>,
}

impl Fitted {
    pub(in crate::store) fn of(new: &NewDifferences, known: Vec<String>) -> Self {
        let mut kinds: BTreeSet<String> = known.into_iter().collect();
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for (kind, count) in new.counts.iter().filter(|(_, count)| *count > 0) {
            let counted = counts.entry(kept(&mut kinds, kind)).or_default();
            *counted = counted.saturating_add(*count);
        }
        let sample = |sample: &DifferenceSample| DifferenceSample {
            kind: kept(&mut kinds, &sample.kind),
            request_id: cut(&sample.request_id),
            at: sample.at,
            replica: cut(&sample.replica),
        };
        let most = usize::try_from(KEPT_SAMPLES).unwrap_or(usize::MAX);
        let spared = new.samples.len().saturating_sub(most);
        let samples = new.samples.iter().skip(spared).map(sample).collect();
        let signed = |(kind, count)| (kind, i64::try_from(count).unwrap_or(i64::MAX));
        Self { counts: counts.into_iter().map(signed).collect(), samples }
    }
}

/// Under which name a kind is kept.
fn kept(kinds: &mut BTreeSet<String>, kind: &str) -> String {
    let kind = cut(kind);
    if kinds.contains(&kind) || ALWAYS_KEPT.contains(&&*kind) {
        return kind;
    }
    if kinds.iter().filter(|kind| !ALWAYS_KEPT.contains(&&***kind)).count() < KEPT_KINDS {
        kinds.insert(kind.clone());
        return kind;
    }
    let word = kind.split_once(':').map_or(&*kind, |(word, _)| word);
    let other = format!("{word}:other");
    if ALWAYS_KEPT.contains(&&*other) { other } else { "differs:other".to_owned() }
}

/// PostgreSQL's text has no U+0000.
fn cut(text: &str) -> String {
    text.chars().take(LONGEST).map(|each| if each == '\0' { '\u{fffd}' } else { each }).collect()
}
