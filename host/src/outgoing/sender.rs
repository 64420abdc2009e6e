//! Sending: each place has its own connections and its own turns, so that what one asks slows no
//! other down.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use super::access::Access;
use super::bounds::{MOST_TIME, USUAL_TIME};
use super::checked::Checked;
use super::client::{self, Clients, Roots};
use super::exchange::exchange;
use super::fault::OutgoingFault;
use super::metrics::OutgoingMetrics;
use super::outcome::Outcome;
use super::request::{OutgoingRequest, OutgoingResponse};
use super::resolver::Names;
use super::settings::OutgoingSettings;
use super::turn::Turns;
use super::way::Way;
use crate::metrics::Meter;
use crate::telemetry::rarely;

/// Sends the requests of all places.
pub struct Outgoing {
    places: Vec<Place>,
}

struct Place {
    name: &'static str,
    turns: Arc<Turns>,
    clients: Arc<Clients>,
}

impl Outgoing {
    /// For these places, each with so many requests under way at once.
    pub fn new(
        settings: &OutgoingSettings,
        places: &[(&'static str, usize)],
        meter: &Meter,
    ) -> anyhow::Result<Self> {
        let metrics = Arc::new(OutgoingMetrics::new(meter)?);
        let names = Arc::new(Names::new(settings.name_servers.clone()));
        let roots = Roots::read(settings.roots.as_deref())?;
        if matches!(roots, Roots::Own(_)) {
            // What is no certificate is told at the start.
            client::client(roots.clone(), Arc::clone(&names), false)
                .map_err(|error| error.context("POLICY_HTTP_ROOTS"))?;
        }
        let places = places.iter().map(|&(name, at_once)| Place {
            name,
            turns: Turns::new(name, at_once, &metrics),
            clients: Arc::new(Clients::new(roots.clone(), Arc::clone(&names))),
        });
        Ok(Self { places: places.collect() })
    }

    /// Whether a request could be sent, as far as that is to be seen without sending it.
    pub fn check(request: &OutgoingRequest, allowed: &[Access]) -> Result<(), OutgoingFault> {
        Checked::new(request, allowed)?;
        asked_time(request).map(|_| ())
    }

    /// Sends a request of a place and waits for the whole answer, at most so long. Only what
    /// `allowed` names is asked. `traceparent` goes with it (W3C Trace Context).
    pub async fn send(
        &self,
        place: &'static str,
        request: &OutgoingRequest,
        allowed: &[Access],
        time: Duration,
        traceparent: &str,
    ) -> Result<OutgoingResponse, OutgoingFault> {
        let checked = Checked::new(request, allowed)?;
        let time = time.min(asked_time(request)?);
        let origin = checked.access.origin();
        let Some(place) = self.places.iter().find(|one| one.name == place) else {
            return Err(OutgoingFault::Denied(format!("{place} is no place that asks others")));
        };
        // Even without time a request would be polled, and so perhaps be sent.
        if time.is_zero() {
            return Err(away(origin, Outcome::Timeout, None));
        }
        let ends = Instant::now() + time;
        let mut way = Way::begin(&place.turns, &origin, ends).map_err(|(outcome, wait)| {
            told(place.name, &origin, outcome);
            away(origin.clone(), outcome, Some(wait))
        })?;
        let (clients, allowed) = (Arc::clone(&place.clients), allowed.to_vec());
        let traceparent = HeaderValue::from_str(traceparent).ok().filter(|value| !value.is_empty());
        // A task of its own: its time is the host's. It holds the turn until it has really ended,
        // which it has soon after the caller went away.
        let work = async move {
            let answer = exchange(&clients, checked, &allowed, traceparent.as_ref(), &mut way);
            let result = timeout_at(ends, answer).await.unwrap_or(Err((Outcome::Timeout, None)));
            let outcome = result.as_ref().err().map_or(Outcome::Answered, |(outcome, _)| *outcome);
            let ended_at = way.end(outcome);
            result.map_err(|(outcome, wait)| (ended_at, outcome, wait))
        };
        let work = AbortOnDropHandle::new(tokio::spawn(work.in_current_span()));
        let done = work.await.unwrap_or(Err((origin, Outcome::Broken, None)));
        done.map_err(|(origin, outcome, wait)| {
            told(place.name, &origin, outcome);
            away(origin, outcome, wait)
        })
    }

    /// Brings up to date what is measured when somebody looks.
    pub fn measure(&self) {
        for place in &self.places {
            place.turns.measure();
        }
    }
}

fn asked_time(request: &OutgoingRequest) -> Result<Duration, OutgoingFault> {
    let time = request.timeout.unwrap_or(USUAL_TIME);
    if time.is_zero() || time > MOST_TIME {
        let most = MOST_TIME.as_millis();
        return Err(OutgoingFault::Limit(format!("a request waits between 1 and {most} ms")));
    }
    Ok(time)
}

fn away(origin: String, outcome: Outcome, wait: Option<Duration>) -> OutgoingFault {
    let seconds = |wait: Duration| u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).max(1);
    OutgoingFault::Away { origin, outcome: outcome.word(), seconds: wait.map(seconds) }
}

/// The origin and a word: neither path nor headers nor body, which may hold secrets.
fn told(place: &str, origin: &str, outcome: Outcome) {
    let outcome = outcome.word();
    rarely!(warn, place, origin, outcome, "a policy's request to another service came to nothing");
}
