//! Sending itself, without a policy: what is refused, what is kept apart, and the edges of the
//! bounds.

mod answers;
mod apart;
mod circuits;
mod redirects;
mod refusals;
mod roots;

use std::sync::Arc;
use std::time::Duration;

use auth_host::metrics::Meter;
use auth_host::outgoing::{
    Access, Outgoing, OutgoingFault, OutgoingRequest, OutgoingResponse, OutgoingSettings,
};

use super::Dns;

/// The longest that a request may wait.
const LONG: Duration = Duration::from_secs(3);
const PLACE: &str = "login";
const OTHER_PLACE: &str = "register";
/// Requests of a place that are under way at once.
const AT_ONCE: usize = 8;
const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

type Answer = Result<OutgoingResponse, OutgoingFault>;

/// The part that sends, with a name server of its own.
#[derive(Clone)]
struct Sender {
    outgoing: Arc<Outgoing>,
    meter: Meter,
}

impl Sender {
    fn new(dns: &Dns) -> Self {
        Self::with(&OutgoingSettings { name_servers: vec![dns.address()], roots: None }).unwrap()
    }

    fn with(settings: &OutgoingSettings) -> anyhow::Result<Self> {
        let meter = Meter::new()?;
        let places = [(PLACE, AT_ONCE), (OTHER_PLACE, AT_ONCE)];
        let outgoing = Arc::new(Outgoing::new(settings, &places, &meter)?);
        Ok(Self { outgoing, meter })
    }

    async fn send(&self, request: &OutgoingRequest, allowed: &[&str]) -> Answer {
        self.send_for(PLACE, request, allowed).await
    }

    async fn send_for(
        &self,
        place: &'static str,
        request: &OutgoingRequest,
        allowed: &[&str],
    ) -> Answer {
        let allowed: Vec<Access> = allowed.iter().map(|text| text.parse().unwrap()).collect();
        self.outgoing.send(place, request, &allowed, LONG, TRACE).await
    }

    /// The value of a line of the metrics; none if there is no such line.
    fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<u64> {
        self.outgoing.measure();
        let text = String::from_utf8(self.meter.render().unwrap()).unwrap();
        let labels: Vec<_> =
            labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let mut lines = text.lines().filter(|line| line.starts_with(&format!("{name}{{")));
        let line = lines.find(|line| labels.iter().all(|label| line.contains(label)))?;
        Some(line.rsplit(' ').next().unwrap().parse().unwrap())
    }
}

fn request(method: &str, url: impl Into<String>) -> OutgoingRequest {
    OutgoingRequest {
        method: method.into(),
        url: url.into(),
        timeout: Some(LONG),
        ..OutgoingRequest::default()
    }
}

fn get(url: impl Into<String>) -> OutgoingRequest {
    request("GET", url)
}

/// Why there was no answer, as the metrics call it.
fn outcome(answer: &Answer) -> &'static str {
    match answer {
        Ok(_) => "answered",
        Err(OutgoingFault::Away { outcome, .. }) => outcome,
        Err(fault) => panic!("{fault:?}"),
    }
}
