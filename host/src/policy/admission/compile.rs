//! Compiling. It blocks for as long as the compiler needs, so it is done in a process of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wasmtime::Engine;
use wasmtime::component::Component;

/// Why a component has no compiled form.
#[derive(Debug, thiserror::Error)]
pub enum CompileFault {
    /// A panic of the compiler.
    #[error("the compiler cannot handle it")]
    Panic,
    /// With the compiler's own reason.
    #[error("it does not compile: {0:#}")]
    Refused(wasmtime::Error),
    /// It compiles, but the pool that instances come from has no such place.
    #[error("this host cannot load it: {0:#}")]
    Load(wasmtime::Error),
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
            Self::Load(_) => {
                "Build it of fewer or smaller parts, as the reason says: core modules, memories, \
                 tables."
            }
        }
    }
}

/// The component, and its machine code as another process of this program can load it.
pub(super) fn compile(engine: &Engine, bytes: &[u8]) -> Result<(Component, Vec<u8>), CompileFault> {
    // Compilers see what an attacker may have made: their panic is a fault of the component.
    let compiled = catch_unwind(AssertUnwindSafe(|| {
        let component = Component::from_binary(engine, bytes)?;
        let compiled = component.serialize()?;
        Ok((component, compiled))
    }));
    compiled.map_err(|_| CompileFault::Panic)?.map_err(CompileFault::Refused)
}
