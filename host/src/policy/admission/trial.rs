//! Trying a component once, under the bounds of a call. Its function is not called, but its start
//! function runs and its export's type is checked. Nothing happens outside: an instance that calls
//! the host before it is asked anything is ended.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use wasmtime::component::Component;
use wasmtime::{Engine, Store, UpdateDeadline};

use crate::capabilities::{CallState, InstanceBounds};
use crate::contract::{Limits, Slot};
use crate::policy::runtime::{MissingExport, check_export, contract_linker, find_export};

/// Why a component that compiles cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum TrialFault {
    /// With the import that the host does not have.
    #[error("it cannot be linked: {0:#}")]
    Link(wasmtime::Error),
    /// There is nothing to call.
    #[error(transparent)]
    Export(#[from] MissingExport),
    /// It trapped, went over a bound, or its export has another type.
    #[error("a trial instance failed: {0:#}")]
    Instance(wasmtime::Error),
    /// There is no call yet that the host could answer for.
    #[error("a trial instance failed: it calls the host while it is instantiated")]
    CallsHost,
}

impl TrialFault {
    /// What to do about it, as a sentence for the policy's author.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Link(_) => {
                "Build it against wit/policy.wit of this host's version; it offers no other \
                 imports."
            }
            Self::Export(_) => {
                "Export the interface of its slot, of this version, with the function of the same \
                 name."
            }
            Self::Instance(_) => {
                "Do in the function of the policy what now happens when it is instantiated: that \
                 must end at once, without a trap and within the bounds of a call."
            }
            Self::CallsHost => {
                "Call the host in the function of the policy only, not in what runs when it is \
                 instantiated."
            }
        }
    }
}

/// What a trial instance has: bounds, and no host.
struct Trial {
    bounds: InstanceBounds,
    ticks: u32,
}

/// Unwinds through the instance when it calls the host.
struct CallsHost;

/// Makes an instance and drops it. Blocks until its start function has ended, or was ended.
pub(super) fn try_out(
    engine: &Engine,
    limits: &Limits,
    slot: Slot,
    component: &Component,
) -> Result<(), TrialFault> {
    let linker = contract_linker(engine, no_call);
    let linker = linker.map_err(|error| TrialFault::Link(wasmtime::Error::from_anyhow(error)))?;
    let pre = linker.instantiate_pre(component).map_err(TrialFault::Link)?;
    let export = find_export(slot, component)?;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut store = store(engine, limits);
        let instance = at_once(pre.instantiate_async(&mut store))?;
        check_export(slot, &instance, &mut store, export)
    }));
    match outcome {
        Ok(outcome) => outcome.map_err(TrialFault::Instance),
        Err(payload) if payload.is::<CallsHost>() => Err(TrialFault::CallsHost),
        Err(payload) => resume_unwind(payload),
    }
}

/// What an instance waits for is its next turn only, and that has always come. A runtime would do
/// the same, but cannot be made within another one.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// The state of the call that a function of the host is called in: there is none.
fn no_call(_: &mut Trial) -> &mut CallState {
    // Not a panic of ours: it is told as the component's fault.
    resume_unwind(Box::new(CallsHost))
}

fn store(engine: &Engine, limits: &Limits) -> Store<Trial> {
    let trial = Trial { bounds: InstanceBounds::new(limits), ticks: limits.ticks };
    let mut store = Store::new(engine, trial);
    store.limiter(|trial| &mut trial.bounds);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| {
        let ticks = &mut store.data_mut().ticks;
        *ticks = ticks.saturating_sub(1);
        Ok(if *ticks == 0 { UpdateDeadline::Interrupt } else { UpdateDeadline::Yield(1) })
    });
    store
}
