//! A deployment as people see it: who is ready, who is waited for, who refused and why.

use crate::administration::views::DeploymentView;
use crate::command::output::{escaped, plain, seconds};
use crate::store::registry::{DeploymentState, ReportState};
use crate::telemetry;

/// A reason of so many characters stands on the line of its replica.
const SHORT: usize = 100;

/// What was said already.
#[derive(Default)]
pub(super) struct Progress {
    said: String,
}

impl Progress {
    /// Says on standard error what is new: the result goes to standard output.
    pub fn tell(&mut self, deployment: &DeploymentView) {
        let waiting: Vec<String> = deployment.waiting_for.iter().map(|name| plain(name)).collect();
        let said = format!("{}   waiting for {}", states(deployment), waiting.join(", "));
        if said != self.said && !waiting.is_empty() {
            telemetry::say(said.trim_start());
            self.said = said;
        }
    }
}

/// What each replica reported.
pub(super) fn states(deployment: &DeploymentView) -> String {
    let short = short_reason(deployment).map(|reason| format!(": {reason}")).unwrap_or_default();
    let states: Vec<String> = deployment
        .reports
        .iter()
        .map(|report| {
            let name = plain(&report.name);
            match report.state {
                ReportState::Ready => format!("{name} ready"),
                ReportState::Pinned => format!("{name} pinned"),
                ReportState::Refused => format!("{name} REFUSED{short}"),
            }
        })
        .collect();
    states.join("   ")
}

/// Why nothing was activated.
pub(super) fn failure(deployment: &DeploymentView) -> String {
    let nothing = "nothing was activated";
    match deployment.state {
        DeploymentState::Cancelled => format!("it was cancelled: {nothing}"),
        DeploymentState::Expired => {
            let waiting: Vec<String> =
                deployment.waiting_for.iter().map(|name| plain(name)).collect();
            let until = seconds(&deployment.deadline);
            let without =
                if waiting.is_empty() { "not all".to_owned() } else { waiting.join(", ") };
            format!("no report until {until} ({without}): {nothing}")
        }
        _ => nothing.to_owned(),
    }
}

/// All reasons that do not stand on the first line.
pub(super) fn reasons(deployment: &DeploymentView) -> String {
    if short_reason(deployment).is_some() {
        return String::new();
    }
    let refused = deployment.reports.iter().filter(|report| report.state == ReportState::Refused);
    let lines = refused.flat_map(|report| {
        let name = plain(&report.name);
        report.reasons.iter().map(move |reason| format!("\n  {name}: {}", escaped(reason)))
    });
    lines.collect()
}

/// The one reason of the one replica that refused, if it is short.
fn short_reason(deployment: &DeploymentView) -> Option<String> {
    let mut refused =
        deployment.reports.iter().filter(|report| report.state == ReportState::Refused);
    let (report, None) = (refused.next()?, refused.next()) else { return None };
    let [reason] = &report.reasons[..] else { return None };
    (reason.chars().count() <= SHORT).then(|| escaped(reason))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(reports: &[(&str, &str, &[&str])]) -> DeploymentView {
        let reports: Vec<_> = reports
            .iter()
            .map(|(name, state, reasons)| {
                json!({ "replica": uuid::Uuid::nil(), "name": name, "state": state,
                        "reasons": reasons, "milliseconds": 7, "at": "2026-11-26T22:00:00Z" })
            })
            .collect();
        let deployment = json!({
            "id": uuid::Uuid::nil(), "place": "login", "release": "login/42", "state": "refused",
            "who": "ann", "message": "", "asked_at": "2026-11-26T22:00:00Z",
            "deadline": "2026-11-26T22:05:00Z", "ended_at": null, "reports": reports,
            "waiting_for": [],
        });
        serde_json::from_value(deployment).unwrap()
    }

    #[test]
    fn one_short_reason_stands_on_the_line_and_others_below() {
        let one = deployment(&[
            ("a1", "ready", &[]),
            ("a3", "refused", &["setting captcha-url is missing"]),
        ]);
        let line = "a1 ready   a3 REFUSED: setting captcha-url is missing";
        assert_eq!((states(&one).as_str(), reasons(&one).as_str()), (line, ""));
        let two = deployment(&[("a1", "refused", &["first\u{1b}[2J", "second"])]);
        assert_eq!(states(&two), "a1 REFUSED");
        assert_eq!(reasons(&two), "\n  a1: first\\u{1b}[2J\n  a1: second");
        assert_eq!(failure(&two), "nothing was activated");
    }
}
