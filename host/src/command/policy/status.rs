//! `auth-host policy status`: what serves in each place, and how each replica does.

use clap::Args;

use super::asking::Asking;
use super::problem::{Problem, REFUSED};
use super::{costs, names, tried};
use crate::administration::views::{PlaceView, ReplicaView, ServingState, ServingView, StatusView};
use crate::command::output::{self, escaped, plain, seconds, table};
use crate::numbers::grouped;

/// Show what serves: each place with its release, each replica with its figures.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy status
  auth-host policy status login --json

Calls, refusals and faults are those of the release since the replica serves it. What a call takes
is told of all live replicas together, with --json of each: its processor time, how long it waits
for the host and how often it asks, and the most memory that one ever had.

What is tried beside a release stands below it, with its share, its step and what the judgement
thinks of it; auth-host policy diff PLACE has the figures.")]
pub struct Status {
    /// Only this place.
    #[arg(value_parser = names::place)]
    place: Option<String>,
    #[command(flatten)]
    pub(super) asking: Asking,
}

impl Status {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let mut status: StatusView = self.asking.client()?.read(&["status"], &[]).await?;
        if let Some(place) = &self.place {
            if !is_known(&status, place) {
                let text = format!("there is no place {place:?}, and no replica serves one");
                return Err(Problem::new(REFUSED, "unknown_place", text).into());
            }
            only(&mut status, place);
        }
        if self.asking.json {
            return output::json(&status);
        }
        output::line(readable(&status))
    }
}

/// A replica tells of each place that it has, also if nothing serves there.
fn is_known(status: &StatusView, place: &str) -> bool {
    let mut serving = status.replicas.iter().flat_map(|replica| &replica.serving);
    status.places.iter().any(|found| found.place == place)
        || serving.any(|found| found.place == place)
}

fn only(status: &mut StatusView, place: &str) {
    status.places.retain(|found| found.place == place);
    status.deployments.retain(|found| found.place == place);
    for replica in &mut status.replicas {
        replica.serving.retain(|found| found.place == place);
    }
}

fn readable(status: &StatusView) -> String {
    let mut parts: Vec<String> = status.places.iter().map(about).collect();
    if parts.is_empty() {
        parts.push("no place has a release yet (auth-host policy push, then deploy)".to_owned());
    }
    for deployment in &status.deployments {
        let waiting: Vec<String> = deployment.waiting_for.iter().map(|name| plain(name)).collect();
        let waiting = if waiting.is_empty() { "nobody".to_owned() } else { waiting.join(", ") };
        parts.push(format!(
            "{} is being deployed by {}: waiting for {waiting} (auth-host policy deploy --watch {})",
            plain(&deployment.release),
            plain(&deployment.who),
            deployment.id
        ));
    }
    let mut rows: Vec<(String, Vec<String>)> = status
        .replicas
        .iter()
        .flat_map(|replica| replica.serving.iter().map(|serving| row(replica, serving)))
        .collect();
    // Of one place together, in the order of the places.
    let order = |place: &str| status.places.iter().position(|found| found.place == place);
    rows.sort_by_key(|(place, _)| order(place).unwrap_or(usize::MAX));
    let rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
    let head =
        ["place", "replica", "release", "calls/min", "calls", "refusals", "faults", "since", ""];
    parts.push(String::new());
    parts.push(table(&head, &rows));
    parts.extend(costs::readable(status));
    parts.join("\n")
}

/// A place in a few lines.
fn about(place: &PlaceView) -> String {
    let kept = match place.previous.join(", ") {
        none if none.is_empty() => none,
        some => format!("   kept ready: {}", plain(&some)),
    };
    let (since, by) = (seconds(&place.activated_at), plain(&place.activated_by));
    let mut lines = vec![format!("{}   since {since} by {by}{kept}", plain(&place.active))];
    lines.extend(place.probation_until.as_deref().map(|until| {
        format!("  on probation until {}: falls back by itself if it fails", seconds(until))
    }));
    lines.extend(place.candidate.iter().flat_map(|candidate| {
        let lines = tried::lines(candidate).into_iter().enumerate();
        lines
            .map(|(line, text)| if line == 0 { format!("  {text}") } else { format!("    {text}") })
    }));
    lines.extend(place.untrusted.iter().map(|reason| {
        format!("  NOT TRUSTED, it goes on until another is deployed: {}", escaped(reason))
    }));
    lines.extend(place.freeze.as_ref().map(|freeze| {
        let (until, by) = (seconds(&freeze.until), plain(&freeze.by));
        format!("  FROZEN until {until} by {by}: {}", escaped(&freeze.message))
    }));
    lines.join("\n")
}

fn row(replica: &ReplicaView, serving: &ServingView) -> (String, Vec<String>) {
    let cells = vec![
        serving.place.clone(),
        replica.name.clone(),
        serving.release.clone().unwrap_or_else(|| "nothing".to_owned()),
        grouped(serving.calls_a_minute),
        grouped(serving.calls),
        grouped(serving.refusals),
        grouped(serving.faults),
        serving.release.as_ref().map(|_| seconds(&serving.since)).unwrap_or_default(),
        note(replica, serving),
    ];
    (serving.place.clone(), cells)
}

/// What somebody should look at.
fn note(replica: &ReplicaView, serving: &ServingView) -> String {
    if !replica.live {
        return format!("AWAY since {}", seconds(&replica.last_seen));
    }
    match (serving.state, &serving.behind) {
        (ServingState::Pinned, _) => "PINNED".to_owned(),
        (ServingState::Behind, Some(why)) => format!("BEHIND: {why}"),
        (ServingState::Behind, None) => "changing over".to_owned(),
        (ServingState::Current, _) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_and_replicas_are_told_with_what_is_wrong() {
        let time = "2026-11-26T22:00:00.123Z";
        let serving = |release: Option<&str>, state: &str, behind: Option<&str>| {
            json!([{ "place": "login", "release": release, "revision": 4, "since": time,
                     "state": state, "behind": behind, "calls": 12_004, "faults": 1,
                     "refusals": 30, "calls_a_minute": 1_204, "causes": {} }])
        };
        let replica = |name: &str, live: bool, serving: serde_json::Value| {
            json!({ "id": uuid::Uuid::nil(), "name": name, "version": "0.4.0",
                    "wit_versions": ["0.2.0"], "started_at": time, "last_seen": time,
                    "live": live, "serving": serving })
        };
        let status = json!({
            "time": time,
            "places": [{ "place": "login", "active": "login/42", "revision": 4,
                "activated_at": time, "activated_by": "ann", "previous": ["login/41"],
                "probation_until": time, "untrusted": ["signed by a withdrawn key (bob)"],
                "freeze": { "until": time, "by": "bob", "message": "holidays" } }],
            "replicas": [
                replica("a1", true, serving(Some("login/42"), "current", None)),
                replica("a2", true, serving(Some("login/41"), "behind", Some("no memory"))),
                replica("a3", false, serving(None, "behind", None)),
            ],
            "deployments": [],
        });
        let status: StatusView = serde_json::from_value(status).unwrap();
        let text = readable(&status);
        for expected in [
            "login/42   since 2026-11-26T22:00:00Z by ann   kept ready: login/41",
            "on probation until",
            "NOT TRUSTED, it goes on until another is deployed: signed by a withdrawn key (bob)",
            "FROZEN until 2026-11-26T22:00:00Z by bob: holidays",
            "login   a1        login/42       1,204   12,004         30        1   2026",
            "BEHIND: no memory",
            "AWAY since 2026-11-26T22:00:00Z",
        ] {
            assert!(text.contains(expected), "it lacks {expected:?}:\n{text}");
        }
    }
}
