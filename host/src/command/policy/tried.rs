//! What is tried in a place, in words, with what somebody can do next.

use super::part;
use crate::administration::views::CandidateView;
use crate::command::output::{escaped, plain, seconds};
use crate::policy::judgement::Verdict;
use crate::store::registry::RolloutMode;

/// To go on with, after a shadow.
pub(super) const STEPS: &str = "5%:5m,25%:5m,100%";

/// Whom it decides about.
pub(super) fn how(candidate: &CandidateView) -> String {
    let (release, base) = (plain(&candidate.release), plain(&candidate.base));
    match candidate.mode {
        RolloutMode::Shadow => format!(
            "{release} is a shadow of {base} on {}: it decides about nobody",
            of_calls(candidate.percent)
        ),
        RolloutMode::Share => format!(
            "{release} decides for {} of people, {base} for the others",
            part::told(candidate.percent)
        ),
    }
}

fn of_calls(percent: f64) -> String {
    if percent >= 100.0 { "all calls".into() } else { format!("{} of calls", part::told(percent)) }
}

/// Which step it is at, and when it goes on.
pub(super) fn step(candidate: &CandidateView) -> Option<String> {
    let all = candidate.steps.len();
    if all == 0 {
        return None;
    }
    let steps: Vec<String> = candidate.steps.iter().map(|step| part::told(step.percent)).collect();
    let at = format!("step {} of {all} ({})", candidate.step + 1, steps.join(" → "));
    Some(match (&candidate.paused, &candidate.next_step_at) {
        (Some(paused), _) => {
            let (since, by) = (seconds(&paused.at), plain(&paused.by));
            format!("{at}: PAUSED since {since} by {by}{}", why(&paused.message))
        }
        (None, Some(next)) => {
            format!("{at}: it goes on from {}, as soon as the judgement is good", seconds(next))
        }
        (None, None) => format!("{at}: it stays there"),
    })
}

/// What to think of it.
pub(super) fn judgement(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Good => "judgement: good".to_owned(),
        Verdict::NotEnough { why } => format!("judgement: not enough data: {}", escaped(why)),
        Verdict::Bad(failing) => format!("judgement: BAD: {}", escaped(&failing.sentence)),
    }
}

/// All there is to say of it, a line each.
pub(super) fn lines(candidate: &CandidateView) -> Vec<String> {
    let (since, by) = (seconds(&candidate.since), plain(&candidate.began_by));
    let mut lines =
        vec![format!("{}   since {since}, by {by}{}", how(candidate), why(&candidate.message))];
    lines.extend(step(candidate));
    lines.push(judgement(&candidate.judgement));
    lines.extend(without(candidate));
    lines
}

/// Who takes no part.
pub(super) fn without(candidate: &CandidateView) -> Option<String> {
    let missing: Vec<String> = candidate.missing.iter().map(|one| escaped(one)).collect();
    (!missing.is_empty()).then(|| format!("NOT tried by {}", missing.join("; ")))
}

fn why(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {}", escaped(message)) }
}

/// `2 replicas`, or how many of how many.
pub(super) fn replicas(candidate: &CandidateView) -> String {
    let all = candidate.replicas + candidate.missing.len();
    let word = if all == 1 { "replica" } else { "replicas" };
    if candidate.missing.is_empty() {
        format!("{all} {word}")
    } else {
        format!("{} of {all} {word}", candidate.replicas)
    }
}

/// The commands that come next, each with what it is for. Whoever tries it further keeps its
/// budgets, and adds these.
pub(super) fn next(
    place: &str,
    candidate: &CandidateView,
    look: bool,
    more_budgets: &[String],
) -> String {
    let budgets = candidate.abort_if.iter().chain(more_budgets);
    let budgets: Vec<String> = budgets.map(|budget| format!(" --abort-if '{budget}'")).collect();
    let budgets = budgets.concat();
    let mut ways = Vec::new();
    if look {
        let what = match candidate.mode {
            RolloutMode::Shadow => "what it would decide otherwise",
            RolloutMode::Share => "both groups side by side",
        };
        ways.push((format!("diff {place}"), what));
    }
    let steps = !candidate.steps.is_empty();
    if candidate.mode == RolloutMode::Share && steps {
        ways.push(if candidate.paused.is_some() {
            (format!("resume {place}"), "let its steps go on")
        } else {
            (format!("pause {place}"), "let it stay at this step")
        });
    }
    if candidate.mode == RolloutMode::Shadow {
        let steps = format!("deploy {} --steps {STEPS}{budgets}", candidate.release);
        ways.push((steps, "let it decide for more and more people"));
    } else if let (false, Some(more)) = (steps, more(candidate.percent)) {
        let more = format!("deploy {} --share {more}%{budgets}", candidate.release);
        ways.push((more, "let it decide for more people"));
    }
    if candidate.mode == RolloutMode::Share {
        ways.push((format!("promote {place}"), "let it serve all now"));
    }
    ways.push((format!("abort {place}"), "take it out"));
    let width = ways.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
    let lines = ways.iter().enumerate().map(|(line, (command, what))| {
        let before = if line == 0 { "next:" } else { "     " };
        format!("{before} auth-host policy {:width$}   {what}", plain(command))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A share to go on with.
fn more(percent: f64) -> Option<u32> {
    [1, 5, 25, 50].into_iter().find(|more| f64::from(*more) > percent)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A candidate as the admin API tells of it, with other members.
    pub(in crate::command::policy) fn candidate(other: Value) -> CandidateView {
        let time = "2026-11-26T22:00:00.123Z";
        let mut view = json!({
            "rollout": uuid::Uuid::nil(), "release": "login/43", "base": "login/42",
            "mode": "share", "percent": 5.0, "steps": [], "step": 0, "since": time,
            "next_step_at": null, "began_at": time, "began_by": "ann", "message": "",
            "paused": null, "abort_if": [], "judgement": { "verdict": "good" },
            "replicas": 2, "missing": [],
        });
        let Value::Object(other) = other else { panic!("no members") };
        view.as_object_mut().unwrap().extend(other);
        serde_json::from_value(view).unwrap()
    }

    #[test]
    fn a_shadow_is_told_as_one_that_decides_about_nobody() {
        let shadow = candidate(json!({
            "mode": "shadow", "percent": 10.0, "message": "step-up",
            "judgement": { "verdict": "not_enough", "why": "7 of 200 calls" },
        }));
        assert_eq!(
            lines(&shadow),
            [
                "login/43 is a shadow of login/42 on 10 % of calls: it decides about nobody   since \
             2026-11-26T22:00:00Z, by ann: step-up",
                "judgement: not enough data: 7 of 200 calls",
            ]
        );
        let all = candidate(json!({ "mode": "shadow", "percent": 100.0 }));
        assert!(how(&all).contains("on all calls"));
        let told = next("login", &shadow, true, &[]);
        let told: Vec<(&str, &str)> =
            told.lines().filter_map(|line| line[6..].split_once("   ")).collect();
        let told: Vec<_> = told.iter().map(|(way, what)| (way.trim(), what.trim())).collect();
        assert_eq!(
            told,
            [
                ("auth-host policy diff login", "what it would decide otherwise"),
                (
                    "auth-host policy deploy login/43 --steps 5%:5m,25%:5m,100%",
                    "let it decide for more and more people"
                ),
                ("auth-host policy abort login", "take it out"),
            ]
        );
    }

    #[test]
    fn a_share_is_told_with_its_step_its_verdict_and_who_is_missing() {
        let steps = json!([{ "percent": 1.0, "hold_seconds": 600 }, { "percent": 100.0 }]);
        let time = "2026-11-26T22:10:00Z";
        let share = candidate(json!({
            "percent": 1.0, "steps": steps, "next_step_at": time, "missing": ["a3: cut\u{1b}[2J"],
            "judgement": { "verdict": "bad", "metric": "faults", "sentence": "it spoils calls",
                           "cause": "panic" },
        }));
        assert_eq!(
            lines(&share),
            [
                "login/43 decides for 1 % of people, login/42 for the others   since \
             2026-11-26T22:00:00Z, by ann",
                "step 1 of 2 (1 % → 100 %): it goes on from 2026-11-26T22:10:00Z, as soon as the \
             judgement is good",
                "judgement: BAD: it spoils calls",
                "NOT tried by a3: cut\\u{1b}[2J",
            ]
        );
        assert_eq!(replicas(&share), "2 of 3 replicas");
        let paused = json!({ "at": time, "by": "bob", "message": "an incident" });
        let paused = candidate(json!({ "steps": steps, "paused": paused }));
        assert!(
            lines(&paused)[1].ends_with("PAUSED since 2026-11-26T22:10:00Z by bob: an incident")
        );
        for (one, ways) in [
            (&share, &["pause login", "promote login", "abort login"][..]),
            (&paused, &["resume login", "promote login", "abort login"]),
            (&candidate(json!({})), &["deploy login/43 --share 25%", "promote", "abort"]),
            (&candidate(json!({ "percent": 50.0 })), &["promote login", "abort login"]),
            (
                &candidate(json!({ "abort_if": ["faults > 1%"] })),
                &["--share 25% --abort-if 'faults > 1%'   let", "promote", "abort"],
            ),
        ] {
            let told = next("login", one, false, &[]);
            let told: Vec<&str> = told.lines().collect();
            assert_eq!(told.len(), ways.len(), "{told:?}");
            assert!(told.iter().zip(ways).all(|(line, way)| line.contains(way)), "{told:?}");
        }
    }
}
