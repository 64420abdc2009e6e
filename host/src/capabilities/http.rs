//! `http`: requests to other services, as far as the place was granted them. Where they go and how
//! is the part `outgoing`; here they are counted, and a shadow is answered without them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wasmtime::component::Resource;

use super::state::{CallState, HttpSend};
use crate::contract::TrappableFailure;
use crate::contract::bindings::http;
use crate::outgoing::bounds::REQUEST_HEADERS;
use crate::outgoing::{Access, Outgoing, OutgoingFault, OutgoingRequest, OutgoingResponse};

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
        // One too many is refused; more need not be kept for that.
        if request.headers.len() <= REQUEST_HEADERS {
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
        let allowed: Vec<Access> = self.identity.grants.accesses().cloned().collect();
        // What a shadow may not ask was perhaps allowed to the call that it shadows.
        if self.journal.is_shadow() {
            Outgoing::check(&request, &allowed)?;
        }
        let answer = match self.journal.answer(|| HttpSend::new(&request)) {
            Some(answer) => answer,
            None => self.send_within(&request, &allowed).await,
        };
        Ok(self.table.push(answer?)?)
    }
}

impl CallState {
    /// Sends a request of a call that is no shadow, and waits for the whole answer.
    async fn send_within(
        &mut self,
        request: &OutgoingRequest,
        allowed: &[Access],
    ) -> Result<OutgoingResponse, TrappableFailure> {
        let (services, place) = (Arc::clone(&self.services), self.identity.slot.as_str());
        let time = self.http.time_left(Instant::now(), &self.limits.http);
        let traceparent = self.request.traceparent.clone();
        let sent = services.outgoing.send(place, request, allowed, time, &traceparent);
        let answer = self.budget.wait_for(sent).await.map_err(TrappableFailure::from);
        // What was refused here is looked at again in the shadow.
        if matches!(answer, Ok(_) | Err(TrappableFailure::Unavailable(_))) {
            self.journal.note(|| HttpSend::new(request), &answer);
        }
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
