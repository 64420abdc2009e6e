//! Sending: one client for each place, so that connections are kept and bounded by place.

use std::time::Duration;

use super::access::Access;
use super::fault::OutgoingFault;
use super::request::{OutgoingRequest, OutgoingResponse};
use super::settings::OutgoingSettings;
use crate::metrics::Meter;

/// Sends the requests of all places.
pub struct Outgoing {}

impl Outgoing {
    /// For these places, each with so many requests under way at once.
    pub fn new(
        _settings: &OutgoingSettings,
        _places: &[(&'static str, usize)],
        _meter: &Meter,
    ) -> anyhow::Result<Self> {
        Ok(Self {})
    }

    /// Sends a request of a place and waits for the whole answer, at most so long. Only what
    /// `allowed` names is asked. `traceparent` goes with it (W3C Trace Context).
    pub async fn send(
        &self,
        _place: &'static str,
        _request: &OutgoingRequest,
        _allowed: &[Access],
        _time: Duration,
        _traceparent: &str,
    ) -> Result<OutgoingResponse, OutgoingFault> {
        todo!()
    }
}
