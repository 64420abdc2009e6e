//! `auth-host policy pause`, `resume`, `promote` and `abort`: what becomes of the release that is
//! tried in a place.

use std::str::FromStr;

use clap::Args;
use reqwest::Method;
use tokio::time::Instant;

use super::asking::Asking;
use super::client::Client;
use super::names::{self, ReleaseName};
use super::problem::{Problem, UNKNOWN};
use super::{part, settled, standing, tried};
use crate::administration::views::{CandidateView, PlaceView, RolloutChangeView, StatusView};
use crate::command::output::{self, plain, seconds};
use crate::telemetry;

/// Let the share of the release that is tried stay as it is. The judgement goes on: a bad release
/// is taken out also while it is paused.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy pause login -m \"a busy evening\"
  auth-host policy pause login/43        only if that is the release that is tried

The way on: auth-host policy resume login")]
pub struct Pause {
    #[command(flatten)]
    pub(super) change: Change,
}

/// Let the steps of the release that is tried go on. The current one begins anew.
#[derive(Args)]
#[command(after_help = "\
Example:
  auth-host policy resume login")]
pub struct Resume {
    #[command(flatten)]
    pub(super) change: Change,
}

/// Let the release that is tried serve all, on all replicas, whatever its judgement says. It is on
/// probation then.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy promote login -m \"looks good\"
  auth-host policy promote login/43      only if that is the release that is tried

The way back: auth-host policy rollback login -m WHY

It waits until all replicas serve it. 0: they do; 1: it was refused, and nothing was changed; 3: the
place was changed, and some replica does not serve it yet (auth-host policy status).")]
pub struct Promote {
    #[command(flatten)]
    pub(super) change: Change,
}

/// Take the release that is tried out: what serves beside it decides for all again. It works also
/// while the place is frozen.
#[derive(Args)]
#[command(after_help = "\
Examples:
  auth-host policy abort login -m \"support calls\"
  auth-host policy abort login/43        only if that is the release that is tried

Replicas obey within a second, and within 5 s if one is cut off from the database.")]
pub struct Abort {
    #[command(flatten)]
    pub(super) change: Change,
}

/// Which trial, and why.
#[derive(Args)]
pub struct Change {
    /// The place, such as login, or the release that is tried there, such as login/43.
    #[arg(value_name = "PLACE")]
    tried: Tried,
    /// Why, for the history.
    #[arg(short, long, value_name = "WHY", default_value = "", hide_default_value = true)]
    message: String,
    #[command(flatten)]
    pub(super) asking: Asking,
}

/// Whatever is tried in a place, or one release.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tried {
    place: String,
    number: Option<i64>,
}

impl FromStr for Tried {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('/') {
            let ReleaseName { place, number } = text.parse()?;
            return Ok(Self { place, number: Some(number) });
        }
        Ok(Self { place: names::place(text)?, number: None })
    }
}

/// What was tried, and the place since it was changed.
struct Changed {
    client: Client,
    before: Option<CandidateView>,
    place: PlaceView,
    json: bool,
}

impl Change {
    async fn ask(self, what: &str) -> anyhow::Result<Changed> {
        let client = self.asking.client()?;
        let Tried { place, number } = self.tried;
        let status: StatusView = client.read(&["status"], &[]).await?;
        let found = status.places.into_iter().find(|found| found.place == place);
        let before = found.and_then(|found| found.candidate);
        // What is tried by the time that it is heard may be another one.
        let seen = || before.as_ref()?.release.parse().ok().map(|name: ReleaseName| name.number);
        let release = number.or_else(seen);
        let body = RolloutChangeView { message: self.message, release };
        let path = ["places", &place, "rollout", what];
        let asked = client.change(Method::POST, &path, &body).await;
        let place: PlaceView = match (asked, release) {
            (Ok(place), _) => place,
            (Err(error), None) => return Err(with_the_last(error, &place)),
            (Err(error), Some(number)) => {
                let error = with_the_last(error, &place);
                let name = ReleaseName { place, number };
                return Err(standing::explained(&client, &name, error).await);
            }
        };
        Ok(Changed { client, before, place, json: self.asking.json })
    }
}

/// What is meant may have been taken out a moment ago.
fn with_the_last(error: anyhow::Error, place: &str) -> anyhow::Error {
    match error.downcast::<Problem>() {
        Ok(problem) if problem.code == "no_candidate" => {
            let text = format!(
                "{}. What was tried last, and how it ended: auth-host policy diff {place}",
                problem.text.trim_end_matches('.')
            );
            Problem { text, ..problem }.into()
        }
        Ok(problem) => problem.into(),
        Err(error) => error,
    }
}

impl Changed {
    /// The document, or a line.
    fn tell(&self, line: impl FnOnce(&PlaceView) -> String) -> anyhow::Result<()> {
        if self.json { output::json(&self.place) } else { output::line(line(&self.place)) }
    }

    fn release(&self) -> String {
        let release = self.before.as_ref().map(|before| plain(&before.release));
        release.unwrap_or_else(|| "what was tried".to_owned())
    }
}

impl Pause {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        self.change.ask("pause").await?.tell(paused)
    }
}

impl Resume {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        self.change.ask("resume").await?.tell(resumed)
    }
}

impl Abort {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let changed = self.change.ask("abort").await?;
        let release = changed.release();
        changed.tell(|place| {
            let (active, place) = (plain(&place.active), plain(&place.place));
            format!(
                "{release} is out: {active} decides for all   (what it came to: auth-host policy \
                 diff {place})"
            )
        })
    }
}

fn paused(place: &PlaceView) -> String {
    let name = plain(&place.place);
    let stays = match &place.candidate {
        Some(candidate) => {
            format!("{} stays at {}", plain(&candidate.release), part::told(candidate.percent))
        }
        None => "its steps do not go on".to_owned(),
    };
    format!("{stays}; it is still taken out if it is bad   (auth-host policy resume {name})")
}

fn resumed(place: &PlaceView) -> String {
    let name = plain(&place.place);
    let goes_on = place.candidate.as_ref().map(|candidate| {
        let step = tried::step(candidate).unwrap_or_else(|| "it goes on".to_owned());
        format!("{}: {step}", plain(&candidate.release))
    });
    let goes_on = goes_on.unwrap_or_else(|| "its steps go on".to_owned());
    format!("{goes_on}   (auth-host policy status {name})")
}

impl Promote {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let begin = Instant::now();
        let changed = self.change.ask("promote").await?;
        let place = &changed.place;
        let active = plain(&place.active);
        let waited = settled::wait(&changed.client, &place.place, place.revision).await;
        let settled = waited.map_err(|error| {
            let text = format!("{active} serves; whether on all replicas, is not known: {error}");
            Problem::new(UNKNOWN, "not_seen", text)
        })?;
        if changed.json {
            let mut told = serde_json::to_value(place)?;
            told["replicas"] = settled.replicas.into();
            told["missing"] = settled.missing.clone().into();
            told["pinned"] = settled.pinned.clone().into();
            output::json(&told)?;
        } else {
            let probation = place.probation_until.as_deref().map(|until| {
                format!(
                    "\non probation until {}: it falls back by itself if it fails",
                    seconds(until)
                )
            });
            output::line(format_args!(
                "{active} serves all   {}   {:.1} s   (back: auth-host policy rollback {} -m \
                 WHY){}",
                settled::readable(&settled),
                begin.elapsed().as_secs_f64(),
                plain(&place.place),
                probation.unwrap_or_default()
            ))?;
        }
        for pinned in &settled.pinned {
            telemetry::say(&format!("note: {pinned}"));
        }
        settled::verdict(&settled)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tried::tests::candidate;
    use super::*;

    #[test]
    fn a_trial_is_named_by_its_place_or_its_release() {
        let tried = |text: &str| text.parse::<Tried>();
        assert_eq!(tried("login"), Ok(Tried { place: "login".into(), number: None }));
        assert_eq!(tried("login/43"), Ok(Tried { place: "login".into(), number: Some(43) }));
        for wrong in ["", "Login", "43", "login/", "login/0", "login/x"] {
            assert!(tried(wrong).is_err(), "{wrong:?} was taken");
        }
    }

    #[test]
    fn what_became_of_the_steps_is_told_with_the_way_on() {
        let place = |candidate: CandidateView| {
            let place = json!({
                "place": "login", "active": "login/42", "revision": 4, "activated_by": "ann",
                "activated_at": "2026-11-26T22:00:00Z", "previous": [], "probation_until": null,
                "freeze": null, "candidate": candidate,
            });
            serde_json::from_value::<PlaceView>(place).unwrap()
        };
        assert_eq!(
            paused(&place(candidate(json!({})))),
            "login/43 stays at 5 %; it is still taken out if it is bad   (auth-host policy resume \
             login)"
        );
        let steps = json!([{ "percent": 5.0, "hold_seconds": 600 }, { "percent": 100.0 }]);
        let next = "2026-11-26T22:10:00Z";
        let stepped = candidate(json!({ "steps": steps, "next_step_at": next }));
        assert!(resumed(&place(stepped)).starts_with(
            "login/43: step 1 of 2 (5 % → 100 %): it goes on from 2026-11-26T22:10:00Z"
        ));
    }
}
