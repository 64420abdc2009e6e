//! Uses `metrics` in every way that could spoil a scrape, then behaves well. Its storage holds the
//! names of what was taken.

use auth_policy_sdk::login::{Acceptance, Attempt};
use auth_policy_sdk::{Failure, Rejection, metrics, storage};
use test_guests::well_behaved_login;

auth_policy_sdk::login!(login);

type Labels<'a> = &'a [(&'a str, &'a str)];

fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
    let decision = well_behaved_login(attempt);
    let mut taken = Vec::new();
    let mut note = |what: &str, done: Result<(), Failure>| {
        if done.is_ok() {
            taken.push(what.to_owned());
        }
    };
    for name in ["", "_x", "__x", "9x", "X", "a-b", "a b", "a{b=\"c\"} 1\n#", "na\u{ef}ve"] {
        note(name, count(name, &[]));
        note(name, count("labelled_total", &[(name, "value")]));
    }
    for label in ["le", "service", "__name__"] {
        note(label, count("labelled_total", &[(label, "1")]));
        note(label, observe("labelled_seconds", &[(label, "1")], 1.0));
    }
    note("twice", count("labelled_total", &[("a", "1"), ("a", "2")]));
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, f64::MAX] {
        note("value", observe("values", &[], value));
    }
    note("full", count("full_total", &[]));
    note("full", metrics::increment("full_total", &[], u64::MAX));
    note("never", metrics::increment("never_total", &[], u64::MAX));
    // A histogram owns three more names, whichever comes first.
    note("kept", observe("spread", &[("kind", "a")], 0.5));
    for name in ["spread", "spread_count", "spread_sum", "spread_bucket"] {
        note(name, count(name, &[]));
    }
    note("kept", count("early_count", &[]));
    note("early", observe("early", &[], 0.5));
    // What is taken of this is quoted.
    for value in ["a\nb 1", "a\"b", "a\\", "a\\nb", "\r", "\u{0}", "\u{2028}", "{le=\"+Inf\"}", ""]
    {
        note("kept", count("quoted_total", &[("value", value)]));
    }
    storage::put("taken", taken.join(",").as_bytes(), None)?;
    decision
}

fn count(name: &str, labels: Labels<'_>) -> Result<(), Failure> {
    metrics::increment(name, &owned(labels), 1)
}

fn observe(name: &str, labels: Labels<'_>, value: f64) -> Result<(), Failure> {
    metrics::observe(name, &owned(labels), value)
}

fn owned(labels: Labels<'_>) -> Vec<(String, String)> {
    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
