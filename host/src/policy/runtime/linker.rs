//! What components are linked with: the whole contract. What a component may import of it was
//! checked before, against the world of its slot.

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::capabilities::CallState;
use crate::contract::bindings::Host_;

/// For components that import `auth:policy` and nothing else. `state` finds the state of the call
/// that a function is called in.
pub fn contract_linker<T: Send + 'static>(
    engine: &Engine,
    state: fn(&mut T) -> &mut CallState,
) -> anyhow::Result<Linker<T>> {
    let mut linker = Linker::new(engine);
    Host_::add_to_linker::<_, HasSelf<CallState>>(&mut linker, state)
        .map_err(|fault| anyhow::anyhow!("{fault:#}"))?;
    Ok(linker)
}
