//! `clock`: the time of the call. It stands still, so that a policy cannot measure the host.

use super::state::CallState;
use crate::contract::bindings::clock;

impl clock::Host for CallState {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.now.unsigned_abs())
    }
}
