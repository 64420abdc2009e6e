//! Policies compiled into this program, for benchmarks only: they use the same capabilities as a
//! component, without the component.

use std::pin::Pin;

use wasmtime::component::Resource;

use crate::capabilities::CallState;
use crate::contract::bindings::types::Rejection;
use crate::contract::{Contract, Returned};

/// What a native policy returns: the number of its acceptance in the call's table of resources, or
/// a rejection.
pub type Decided<'a> =
    Pin<Box<dyn Future<Output = wasmtime::Result<Result<u32, Rejection>>> + Send + 'a>>;

/// A policy in Rust: line for line what its component is, without the component.
pub trait NativePolicy: Send + Sync {
    /// Decides, with the capabilities of the call's state.
    fn call<'a>(&'a self, state: &'a mut CallState) -> Decided<'a>;
}

pub(super) async fn run<C: Contract>(
    policy: &dyn NativePolicy,
    state: &mut CallState,
) -> wasmtime::Result<Returned<C>> {
    Ok(policy.call(state).await?.map(Resource::new_own))
}
