//! Compiling, or taking the compiled form from the cache. It blocks for as long as the compiler
//! needs.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wasmtime::component::Component;

use crate::policy::runtime::{Cache, Profile};

/// Why a component has no compiled form.
#[derive(Debug, thiserror::Error)]
pub enum CompileFault {
    /// A panic of the compiler, which is caught so that the host goes on.
    #[error("the compiler cannot handle it")]
    Panic,
    /// With the compiler's own reason.
    #[error("it does not compile: {0:#}")]
    Refused(wasmtime::Error),
}

impl CompileFault {
    /// What to do about it, as a sentence for the policy's author.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Panic => {
                "Build it again with another version of its compiler, and report it to the \
                 maintainers of this host."
            }
            Self::Refused(_) => {
                "Build it without the WebAssembly features that the reason names, and pack it \
                 again."
            }
        }
    }
}

/// The compiled form, for the engine of this profile.
pub(super) fn compile(
    profile: &Profile,
    cache: &Cache,
    bytes: &[u8],
    digest: &str,
) -> Result<Component, CompileFault> {
    // Compilers see what an attacker may have made: their panic is a fault of the component, not
    // of the host.
    let compiled = catch_unwind(AssertUnwindSafe(|| cache.compile(&profile.engine, bytes, digest)));
    let (component, origin) =
        compiled.map_err(|_| CompileFault::Panic)?.map_err(CompileFault::Refused)?;
    profile.metrics.cache.with_label_values(&[origin.as_str()]).inc();
    Ok(component)
}
