//! `http`: requests to other services, as far as the place was granted them. Where they go and how
//! is the part `outgoing`; here they are counted, and a shadow is answered without them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wasmtime::component::Resource;

use super::state::{CallState, HttpSend};
use crate::contract::TrappableFailure;
use crate::contract::bindings::http;
use crate::outgoing::{Access, OutgoingFault, OutgoingRequest, OutgoingResponse};

/// More headers than any request may have are not kept: it is refused as it is.
const KEPT_HEADERS: usize = 64;

impl http::HostRequest for CallState {
    fn new(&mut self, method: String, url: String) -> wasmtime::Result<Resource<OutgoingRequest>> {
        self.take(&[&method, &url])?;
        let request = OutgoingRequest { method, url, ..OutgoingRequest::default() };
        Ok(self.table.push(request)?)
    }

    fn add_header(
        &mut self,
        request: Resource<OutgoingRequest>,
        name: String,
        value: String,
    ) -> wasmtime::Result<()> {
        self.take(&[&name, &value])?;
        let request = self.table.get_mut(&request)?;
        if request.headers.len() < KEPT_HEADERS {
            request.headers.push((name, value));
        }
        Ok(())
    }

    fn set_body(
        &mut self,
        request: Resource<OutgoingRequest>,
        body: Vec<u8>,
    ) -> wasmtime::Result<()> {
        self.take(&[&body])?;
        self.table.get_mut(&request)?.body = body;
        Ok(())
    }

    fn set_timeout(
        &mut self,
        request: Resource<OutgoingRequest>,
        milliseconds: u32,
    ) -> wasmtime::Result<()> {
        let timeout = Duration::from_millis(milliseconds.into());
        self.table.get_mut(&request)?.timeout = Some(timeout);
        Ok(())
    }

    fn drop(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<()> {
        self.table.delete(request)?;
        Ok(())
    }
}

impl http::HostResponse for CallState {
    fn status(&mut self, response: Resource<OutgoingResponse>) -> wasmtime::Result<u16> {
        Ok(self.table.get(&response)?.status)
    }

    fn header(
        &mut self,
        response: Resource<OutgoingResponse>,
        name: String,
    ) -> wasmtime::Result<Option<String>> {
        self.take(&[&name])?;
        let headers = &self.table.get(&response)?.headers;
        let first = headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(&name));
        Ok(first.and_then(|(_, value)| String::from_utf8(value.clone()).ok()))
    }

    fn body(&mut self, response: Resource<OutgoingResponse>) -> wasmtime::Result<Vec<u8>> {
        Ok(self.table.get(&response)?.body.clone())
    }

    fn drop(&mut self, response: Resource<OutgoingResponse>) -> wasmtime::Result<()> {
        self.table.delete(response)?;
        Ok(())
    }
}

impl http::Host for CallState {
    async fn send(
        &mut self,
        request: Resource<OutgoingRequest>,
    ) -> Result<Resource<OutgoingResponse>, TrappableFailure> {
        let request = self.table.delete(request)?;
        self.budget.charge(&self.limits)?;
        self.http.count(&self.limits.http)?;
        let time = self.http.time(request.timeout, Instant::now(), &self.limits.http)?;
        let answer = match self.journal.answer(|| HttpSend::new(&request)) {
            Some(answer) => answer,
            None => self.send_within(&request, time).await,
        };
        Ok(self.table.push(answer?)?)
    }
}

impl CallState {
    /// Sends a request of a call that is no shadow, and waits at most so long for the whole answer.
    async fn send_within(
        &mut self,
        request: &OutgoingRequest,
        time: Duration,
    ) -> Result<OutgoingResponse, TrappableFailure> {
        let (services, place) = (Arc::clone(&self.services), self.identity.slot.as_str());
        let allowed: Vec<Access> = self.identity.grants.accesses().cloned().collect();
        let traceparent = self.request.traceparent.clone();
        let sent = services.outgoing.send(place, request, &allowed, time, &traceparent);
        let answer = self.budget.wait_for(sent).await.map_err(TrappableFailure::from);
        self.journal.note(|| HttpSend::new(request), &answer);
        answer
    }
}

impl From<OutgoingFault> for TrappableFailure {
    /// Why a service is away is for the operator: what a policy could tell its callers by it would
    /// be about the network inside.
    fn from(fault: OutgoingFault) -> Self {
        match fault {
            OutgoingFault::Denied(text) => Self::Denied(text),
            OutgoingFault::Limit(text) => Self::Limit(text),
            OutgoingFault::Malformed(text) => Self::Other(text),
            OutgoingFault::Away { seconds, .. } => Self::Unavailable(seconds),
        }
    }
}
