//! `http`: requests to other services, as far as the place was granted them.

use wasmtime::component::Resource;

use super::state::CallState;
use crate::contract::TrappableFailure;
use crate::contract::bindings::http;
use crate::outgoing::{OutgoingRequest, OutgoingResponse};

impl http::HostRequest for CallState {
    fn new(
        &mut self,
        _method: String,
        _url: String,
    ) -> wasmtime::Result<Resource<OutgoingRequest>> {
        todo!()
    }

    fn add_header(
        &mut self,
        _request: Resource<OutgoingRequest>,
        _name: String,
        _value: String,
    ) -> wasmtime::Result<()> {
        todo!()
    }

    fn set_body(
        &mut self,
        _request: Resource<OutgoingRequest>,
        _body: Vec<u8>,
    ) -> wasmtime::Result<()> {
        todo!()
    }

    fn set_timeout(
        &mut self,
        _request: Resource<OutgoingRequest>,
        _milliseconds: u32,
    ) -> wasmtime::Result<()> {
        todo!()
    }

    fn drop(&mut self, _request: Resource<OutgoingRequest>) -> wasmtime::Result<()> {
        todo!()
    }
}

impl http::HostResponse for CallState {
    fn status(&mut self, _response: Resource<OutgoingResponse>) -> wasmtime::Result<u16> {
        todo!()
    }

    fn header(
        &mut self,
        _response: Resource<OutgoingResponse>,
        _name: String,
    ) -> wasmtime::Result<Option<String>> {
        todo!()
    }

    fn body(&mut self, _response: Resource<OutgoingResponse>) -> wasmtime::Result<Vec<u8>> {
        todo!()
    }

    fn drop(&mut self, _response: Resource<OutgoingResponse>) -> wasmtime::Result<()> {
        todo!()
    }
}

impl http::Host for CallState {
    async fn send(
        &mut self,
        _request: Resource<OutgoingRequest>,
    ) -> Result<Resource<OutgoingResponse>, TrappableFailure> {
        todo!()
    }
}
