//! What a call of each release takes, and what calls came to: all live replicas together.

use std::collections::BTreeMap;

use crate::administration::views::{ServingView, StatusView};
use crate::command::output::{plain, table};
use crate::numbers::grouped;

const HEAD: [&str; 8] = [
    "place",
    "release",
    "replicas",
    "calls",
    "cpu ms/call",
    "host ms/call",
    "host calls/call",
    "memory MiB",
];

/// What replicas counted of a release, each since it serves it.
#[derive(Default)]
struct Sum {
    replicas: u64,
    calls: u64,
    failed: u64,
    processor_microseconds: u64,
    host_microseconds: u64,
    host_calls: u64,
    /// The highest of all.
    peak_memory_bytes: u64,
    codes: BTreeMap<String, u64>,
    causes: BTreeMap<String, u64>,
}

/// A table, and a line for each release with refusals or faults. None: nothing serves.
pub(super) fn readable(status: &StatusView) -> Option<String> {
    let mut sums: BTreeMap<(usize, &str, &str), Sum> = BTreeMap::new();
    let order = |place: &str| status.places.iter().position(|found| found.place == place);
    for replica in status.replicas.iter().filter(|replica| replica.live) {
        for serving in &replica.serving {
            let (place, Some(release)) = (&serving.place, &serving.release) else { continue };
            let order = order(place).unwrap_or(usize::MAX);
            sums.entry((order, place, release)).or_default().add(serving);
        }
    }
    if sums.is_empty() {
        return None;
    }
    let rows: Vec<_> =
        sums.iter().map(|((_, place, release), sum)| sum.row(place, release)).collect();
    let mut parts = vec![String::new(), table(&HEAD, &rows)];
    parts.extend(sums.iter().filter_map(|((_, _, release), sum)| sum.outcomes(release)));
    Some(parts.join("\n"))
}

impl Sum {
    fn add(&mut self, serving: &ServingView) {
        self.replicas += 1;
        for (sum, more) in [
            (&mut self.calls, serving.calls),
            (&mut self.failed, serving.failed),
            (&mut self.processor_microseconds, serving.processor_microseconds),
            (&mut self.host_microseconds, serving.host_microseconds),
            (&mut self.host_calls, serving.host_calls),
        ] {
            *sum = sum.saturating_add(more);
        }
        self.peak_memory_bytes = self.peak_memory_bytes.max(serving.peak_memory_bytes);
        for (sums, more) in
            [(&mut self.codes, &serving.refusals_by_code), (&mut self.causes, &serving.causes)]
        {
            for (name, number) in more {
                let sum = sums.entry(name.clone()).or_default();
                *sum = sum.saturating_add(*number);
            }
        }
    }

    fn row(&self, place: &str, release: &str) -> Vec<String> {
        // Those that failed took their time, too.
        let calls = self.calls.saturating_add(self.failed);
        vec![
            place.to_owned(),
            release.to_owned(),
            grouped(self.replicas),
            grouped(self.calls),
            per(self.processor_microseconds, calls.saturating_mul(1000)),
            per(self.host_microseconds, calls.saturating_mul(1000)),
            per(self.host_calls, calls),
            per(self.peak_memory_bytes, u64::from(self.peak_memory_bytes > 0) << 20),
        ]
    }

    /// What calls came to but for letting people in.
    fn outcomes(&self, release: &str) -> Option<String> {
        let parts = [("refused", &self.codes), ("faults", &self.causes)].map(|(name, numbers)| {
            (!numbers.is_empty()).then(|| format!("   {name}: {}", listed(numbers)))
        });
        let failed = (self.failed > 0)
            .then(|| format!("   failed by the host's own fault: {}", grouped(self.failed)));
        let parts: String = parts.into_iter().chain([failed]).flatten().collect();
        (!parts.is_empty()).then(|| format!("{}{parts}", plain(release)))
    }
}

/// The most frequent first.
fn listed(numbers: &BTreeMap<String, u64>) -> String {
    let mut numbers: Vec<_> = numbers.iter().collect();
    numbers.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
    let texts: Vec<String> = numbers
        .iter()
        .map(|(name, number)| format!("{} {}", plain(name), grouped(**number)))
        .collect();
    texts.join(", ")
}

/// With two digits; of nothing there is no average.
fn per(sum: u64, calls: u64) -> String {
    if calls == 0 {
        return "-".to_owned();
    }
    let hundredths = u128::from(sum) * 100 / u128::from(calls);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn replica(name: &str, live: bool, serving: &Value) -> Value {
        let time = "2026-11-26T22:00:00Z";
        json!({ "id": uuid::Uuid::nil(), "name": name, "version": "0.4.0", "wit_versions": [],
                "started_at": time, "last_seen": time, "live": live, "serving": [serving] })
    }

    fn serving(release: &str, calls: u64, more: &Value) -> Value {
        let mut serving = json!({
            "place": "login", "release": release, "revision": 4, "since": "2026-11-26T22:00:00Z",
            "state": "current", "behind": null, "calls": calls, "faults": 0, "refusals": 0,
            "calls_a_minute": 0, "causes": {},
        });
        for (name, value) in more.as_object().unwrap() {
            serving[name] = value.clone();
        }
        serving
    }

    #[test]
    fn replicas_are_told_together_by_release_and_their_averages_are_those_of_all_calls() {
        let first = json!({
            "processor_microseconds": 1_000_000, "host_microseconds": 3_000_000,
            "host_calls": 5_000, "peak_memory_bytes": 3 << 20, "failed": 1,
            "refusals_by_code": { "blocked": 2, "invalid_credentials": 30 },
            "causes": { "panic": 1 },
        });
        let second = json!({
            "processor_microseconds": 500_000, "host_calls": 1_000,
            "peak_memory_bytes": 1_572_864, "refusals_by_code": { "invalid_credentials": 1_000 },
        });
        let status = json!({
            "time": "2026-11-26T22:00:00Z", "places": [], "deployments": [],
            "replicas": [
                replica("a1", true, &serving("login/42", 999, &first)),
                replica("a2", true, &serving("login/42", 1_000, &second)),
                replica("a3", false, &serving("login/42", 7, &first)),
                // It is called never, and tells of no costs: a version before this one.
                replica("a4", true, &serving("login/41", 0, &json!({}))),
            ],
        });
        let text = readable(&serde_json::from_value(status).unwrap()).unwrap();
        let expected = [
            "",
            "place   release    replicas   calls   cpu ms/call   host ms/call   host calls/call   \
             memory MiB",
            "login   login/41          1       0             -              -                 -   \
             \u{20}        -",
            "login   login/42          2   1,999          0.75           1.50              3.00   \
             \u{20}     3.00",
            "login/42   refused: invalid_credentials 1,030, blocked 2   faults: panic 1   failed \
             by the host's own fault: 1",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
        assert!(text.lines().all(|line| line.chars().count() <= 120));
    }
}
