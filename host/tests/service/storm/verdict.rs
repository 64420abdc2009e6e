//! What a storm has shown, as a table, and what of it is wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::forces;
use super::scene::{Scale, Tally};
use crate::support::Outcome;

/// The stop's own limit, and the second that the last lines of the log get.
const STOP: Duration = Duration::from_secs(5 + 1);
/// What the machine may add to it.
const SLACK: Duration = Duration::from_secs(1);

/// What was seen.
pub(super) struct Verdict {
    pub(super) tallies: BTreeMap<&'static str, Tally>,
    /// Memory in MiB before the storm, and at its highest.
    pub(super) at_rest: u64,
    pub(super) highest: u64,
    /// How long the stop took.
    pub(super) stop: Duration,
    pub(super) ended: Outcome,
    /// What was promised and is not there.
    pub(super) lost: Vec<String>,
    /// Answers to the last tokens of people who did nothing wrong.
    pub(super) refused: Vec<String>,
}

impl Verdict {
    pub(super) fn table(&self) -> String {
        let mut table = format!(
            "{:<22} {:>7} {:>8} {:>8} {:>8}  outcomes\n",
            "", "number", "p50 ms", "p99 ms", "max ms"
        );
        for (kind, tally) in &self.tallies {
            let [median, late, last] =
                [0.5, 0.99, 1.0].map(|share| time(tally, share).map_or("-".to_owned(), whole));
            let number: usize = tally.outcomes.values().sum();
            let _ = writeln!(
                table,
                "{kind:<22} {number:>7} {median:>8} {late:>8} {last:>8}  {:?}",
                tally.outcomes
            );
        }
        let Self { at_rest, highest, stop, ended, lost, refused, .. } = self;
        let _ = writeln!(
            table,
            "memory: {at_rest} MiB at rest, {highest} MiB at its highest\nstop: {} ms, exit code \
             {:?}\nlost: {lost:?}\nrefused afterwards: {refused:?}\nof policies the log says:\n{}",
            stop.as_millis(),
            ended.code,
            lines_with(&ended.log, "\"slot\":\"refresh\"").join("\n")
        );
        table
    }

    /// What is wrong. Times are judged only if they are to be.
    pub(super) fn faults(&self, scale: &Scale) -> Vec<String> {
        let mut faults = Vec::new();
        let mut expect = |holds: bool, what: String| {
            if !holds {
                faults.push(what);
            }
        };
        for missing in forces::missing(&self.tallies, scale) {
            expect(false, missing);
        }
        expect(self.lost.is_empty(), format!("lost: {:?}", self.lost));
        expect(self.refused.is_empty(), format!("sessions ended: {:?}", self.refused));
        let bound = scale.memory_mebibytes;
        expect(self.highest <= bound, format!("memory: {} of {bound} MiB", self.highest));
        // 3 is right as well: answers that crawling readers had not taken were cut off.
        let code = self.ended.code;
        expect(matches!(code, Some(0 | 3)), format!("exit code {code:?}"));
        let panics = lines_with(&self.ended.log, "\"a panic\"");
        expect(panics.is_empty(), format!("panics: {panics:?}"));
        // On a machine that is busy with other things an answer may come late, as one of these; but
        // no connection with a request is closed, and nobody who did nothing wrong is told so.
        let late: &[_] = if scale.strict { &[] } else { &["500", "no answer in time"] };
        for (kind, right) in [
            ("refresh", &["200", "503"] as &[_]),
            ("healthz", &["200"]),
            ("register", &["200", "503"]),
            ("login flood", &["401", "429", "503"]),
        ] {
            for outcome in self.outcomes(kind) {
                let expected = right.contains(&outcome) || late.contains(&outcome);
                expect(expected, format!("{kind} came to {outcome}"));
            }
        }
        if scale.strict {
            let refreshes = self.tallies.get("refresh").cloned().unwrap_or_default();
            let asked: usize = refreshes.outcomes.values().sum();
            let answered = refreshes.times.len();
            expect(answered * 100 >= asked * 99, format!("{answered} of {asked} refreshes"));
            for (kind, share, most) in [("refresh", 0.99, 500), ("healthz", 1.0, 1000)] {
                let time = self.tallies.get(kind).and_then(|tally| time(tally, share));
                let most = Duration::from_millis(most);
                expect(time.is_some_and(|time| time < most), format!("{kind}: {time:?}"));
            }
            expect(self.stop <= STOP + SLACK, format!("the stop took {:?}", self.stop));
        }
        faults
    }

    fn outcomes(&self, kind: &str) -> Vec<&str> {
        let tally = self.tallies.get(kind);
        tally.map_or(Vec::new(), |tally| tally.outcomes.keys().map(String::as_str).collect())
    }
}

fn lines_with<'a>(log: &'a str, text: &str) -> Vec<&'a str> {
    log.lines()
        .filter(|line| line.contains(text) && !line.contains("\"request_id\""))
        .take(10)
        .collect()
}

/// The time within which such a share was answered.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a rank"
)]
fn time(tally: &Tally, share: f64) -> Option<Duration> {
    let mut times = tally.times.clone();
    times.sort_unstable();
    let rank = (times.len() as f64 * share).ceil() as usize;
    times.get(rank.saturating_sub(1)).copied()
}

fn whole(time: Duration) -> String {
    time.as_millis().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What goes wrong, and how.
    type Wrong = (&'static str, fn(&mut Verdict));

    fn calm() -> Verdict {
        let mut tallies = BTreeMap::<_, Tally>::new();
        for force in forces::all(&Scale::read()) {
            let tally = tallies.entry(force.kind).or_default();
            let outcomes = &mut tally.outcomes;
            for outcome in force.outcomes {
                let number = outcomes.entry((*outcome).to_owned()).or_default();
                *number = force.least.max(*number);
            }
            tally.times = vec![Duration::from_millis(5); outcomes.values().sum()];
        }
        Verdict {
            tallies,
            at_rest: 50,
            highest: 100,
            stop: Duration::from_secs(1),
            ended: Outcome { code: Some(0), log: String::new() },
            lost: Vec::new(),
            refused: Vec::new(),
        }
    }

    #[test]
    fn the_verdict_finds_what_is_wrong_and_nothing_else() {
        let scale = Scale { strict: true, ..Scale::read() };
        let found = calm().faults(&scale);
        assert!(found.is_empty(), "{found:?}");
        let wrongs: [Wrong; 11] = [
            ("something is lost", |verdict| verdict.lost.push("an account".into())),
            ("a session has ended", |verdict| verdict.refused.push("401".into())),
            ("too much memory", |verdict| verdict.highest = 100_000),
            ("killed", |verdict| verdict.ended.code = None),
            ("a panic at the end", |verdict| verdict.ended.code = Some(101)),
            ("a panic", |verdict| {
                verdict.ended.log.push_str("{\"level\":\"ERROR\",\"message\":\"a panic\"}");
            }),
            ("refreshes that fail", |verdict| outcome(verdict, "refresh", "503")),
            ("logged out", |verdict| outcome(verdict, "refresh", "429")),
            ("no health", |verdict| outcome(verdict, "healthz", "no answer in time")),
            ("let in", |verdict| outcome(verdict, "login flood", "200")),
            ("slow", |verdict| {
                let tally = verdict.tallies.get_mut("refresh").unwrap();
                tally.times.push(Duration::from_secs(1));
            }),
        ];
        for (wrong, make) in wrongs {
            let mut verdict = calm();
            make(&mut verdict);
            assert!(!verdict.faults(&scale).is_empty(), "not found: {wrong}");
        }
    }

    #[test]
    fn a_storm_in_which_a_force_did_not_act_is_none() {
        let scale = Scale::read();
        for force in forces::all(&scale) {
            let mut verdict = calm();
            let outcomes = &mut verdict.tallies.get_mut(force.kind).unwrap().outcomes;
            outcomes.retain(|outcome, _| !force.outcomes.contains(&outcome.as_str()));
            let faults = verdict.faults(&scale);
            assert!(faults.iter().any(|fault| fault.starts_with("no storm")), "{}", force.kind);
        }
    }

    fn outcome(verdict: &mut Verdict, kind: &str, outcome: &str) {
        let tally = verdict.tallies.get_mut(kind).unwrap();
        tally.outcomes.insert(outcome.to_owned(), 1);
    }
}
