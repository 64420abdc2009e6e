//! What components are linked with: the whole contract. What a component may import of it was
//! checked before, against the world of its slot.

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::capabilities::CallState;
use crate::contract::bindings::Host_;

/// For components that import `auth:policy` and nothing else.
pub(super) fn build(engine: &Engine) -> anyhow::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    Host_::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut CallState| state)
        .map_err(|fault| anyhow::anyhow!("{fault:#}"))?;
    Ok(linker)
}
