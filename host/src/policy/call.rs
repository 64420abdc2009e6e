//! One call of a policy: a fresh store for it, bounded in memory, processor time and wall-clock
//! time, and dropped with it. No data are shared between calls; a call that ends early leaves
//! nothing behind.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower, Resource,
};
use wasmtime::{Store, UpdateDeadline};

use super::Slot;
use super::bindings::types::{Failure, Rejection};
use super::fault::CallError;
use super::generations::{Code, Generation, Generations};
use super::limits::{MAX_HANDLES, MAX_HOST_CALL_BYTES, MAX_TICKS};
use crate::capabilities::{
    CallState, LoginAcceptance, LoginAttempt, RefreshAcceptance, RefreshAttempt, Refusal,
    RegisterAcceptance, RegisterAttempt,
};

/// How long a call waits for its turn where a slot is full.
const TURN: Duration = Duration::from_millis(500);

/// What the export of a slot takes and gives.
pub trait Contract: 'static {
    /// The slot.
    const SLOT: Slot;
    /// The resource that it is asked with.
    type Attempt: 'static;
    /// The resource with which it says yes.
    type Acceptance: Send + 'static;
}

macro_rules! contract {
    ($name:ident, $attempt:ty, $acceptance:ty) => {
        #[doc = concat!("The contract of the slot `", stringify!($name), "`.")]
        pub struct $name;
        impl Contract for $name {
            const SLOT: Slot = Slot::$name;
            type Attempt = $attempt;
            type Acceptance = $acceptance;
        }
    };
}

contract!(Register, RegisterAttempt, RegisterAcceptance);
contract!(Login, LoginAttempt, LoginAcceptance);
contract!(Refresh, RefreshAttempt, RefreshAcceptance);

/// What a policy's function returns.
pub type Returned<C> = Result<Resource<<C as Contract>::Acceptance>, Rejection>;

/// What a policy decided.
#[derive(Debug)]
pub enum Decision<A> {
    /// Yes.
    Accepted(A),
    /// A deliberate no.
    Refused(Refusal),
}

/// Calls the current policy of a slot. The state comes back with the decision: what was written
/// waits in it.
pub async fn call<C: Contract>(
    generation: &Generation,
    generations: &Generations,
    state: CallState,
    deadline: Instant,
) -> Result<(Decision<C::Acceptance>, CallState), CallError> {
    let turn = timeout(TURN, generations.permits(C::SLOT).acquire()).await;
    let Ok(Ok(_permit)) = turn else {
        return Err(CallError::unavailable("too many calls of this policy are running"));
    };
    let metrics = Arc::clone(&state.services.metrics);
    let timer = metrics.policy_call_duration.with_label_values(&[C::SLOT.as_str()]).start_timer();
    let (outcome, state) = match &generation.code {
        Code::Component { pre, export } => {
            let mut store = Store::new(pre.engine(), state);
            prepare(&mut store);
            let outcome = timeout_at(deadline, run::<C>(&mut store, pre, *export)).await;
            let state = store.into_data();
            metrics
                .policy_cpu_ticks
                .with_label_values(&[C::SLOT.as_str()])
                .inc_by(u64::from(state.ticks));
            #[expect(clippy::cast_precision_loss, reason = "a metric in bytes, at most 16 MiB")]
            metrics
                .policy_memory
                .with_label_values(&[C::SLOT.as_str()])
                .observe(state.taken.memory() as f64);
            (outcome, state)
        }
        #[cfg(feature = "native-policies")]
        Code::Native(policy) => {
            let mut state = state;
            (timeout_at(deadline, super::native::run::<C>(&**policy, &mut state)).await, state)
        }
    };
    timer.observe_duration();
    match outcome {
        Ok(returned) => decide::<C>(returned?, state),
        Err(_) if state.host_works => {
            Err(CallError::unavailable("the call's time was up while it waited for the host"))
        }
        Err(_) => Err(CallError::Fault {
            cause: "deadline",
            detail: "the call took longer than its wall-clock bound".into(),
        }),
    }
}

/// The bounds of a call, on a store that is new.
pub fn prepare(store: &mut Store<CallState>) {
    store.limiter(|state| &mut state.taken);
    store.set_hostcall_fuel(MAX_HOST_CALL_BYTES);
    store.set_max_component_handles(MAX_HANDLES);
    store.set_epoch_deadline(1);
    // Yields at each tick, so that a busy policy does not hold a thread; ends the call when its
    // processor time is used up.
    store.epoch_deadline_callback(|mut store| {
        let ticks = &mut store.data_mut().ticks;
        *ticks += 1;
        Ok(if *ticks > MAX_TICKS { UpdateDeadline::Interrupt } else { UpdateDeadline::Yield(1) })
    });
}

async fn run<C: Contract>(
    store: &mut Store<CallState>,
    pre: &wasmtime::component::InstancePre<CallState>,
    export: ComponentExportIndex,
) -> wasmtime::Result<Returned<C>> {
    let instance = pre.instantiate_async(&mut *store).await?;
    let function =
        instance.get_typed_func::<(Resource<C::Attempt>,), (Returned<C>,)>(&mut *store, export)?;
    let (returned,) = function.call_async(&mut *store, (Resource::new_borrow(0),)).await?;
    Ok(returned)
}

fn decide<C: Contract>(
    returned: Returned<C>,
    mut state: CallState,
) -> Result<(Decision<C::Acceptance>, CallState), CallError> {
    let forged = |error: wasmtime::component::ResourceTableError| {
        CallError::from(wasmtime::Error::from(error))
    };
    let decision = match returned {
        Ok(acceptance) => Decision::Accepted(state.table.delete(acceptance).map_err(forged)?),
        Err(Rejection::Refused(refusal)) => {
            Decision::Refused(state.table.delete(refusal).map_err(forged)?)
        }
        Err(Rejection::Failed(failure)) => return Err(failed(failure)),
    };
    Ok((decision, state))
}

fn failed(failure: Failure) -> CallError {
    match failure {
        Failure::Unavailable(seconds) => CallError::Unavailable {
            retry_after: seconds.unwrap_or(1).min(3600),
            detail: "a capability was not available".into(),
        },
        Failure::Denied(text) => {
            CallError::Fault { cause: "failed", detail: format!("denied: {text}") }
        }
        Failure::Limit(text) => {
            CallError::Fault { cause: "failed", detail: format!("limit: {text}") }
        }
        Failure::Other(text) => {
            CallError::Fault { cause: "failed", detail: format!("other: {text}") }
        }
    }
}

/// The export of each slot.
pub struct Export;

impl Export {
    /// Finds it in a component.
    pub fn find(slot: Slot, component: &Component) -> Result<ComponentExportIndex, String> {
        let interface = format!("auth:policy/{slot}@{}", super::admission::wit_version());
        let found = component
            .get_export_index(None, &interface)
            .and_then(|index| component.get_export_index(Some(&index), slot.as_str()));
        found.ok_or_else(|| format!("it does not export {interface}"))
    }

    /// Checks its type.
    pub fn check(
        slot: Slot,
        instance: &Instance,
        store: &mut Store<CallState>,
        export: ComponentExportIndex,
    ) -> wasmtime::Result<()> {
        fn typed<P: ComponentNamedList + Lower, R: ComponentNamedList + Lift>(
            instance: &Instance,
            store: &mut Store<CallState>,
            export: ComponentExportIndex,
        ) -> wasmtime::Result<()> {
            instance.get_typed_func::<P, R>(store, export).map(drop)
        }
        match slot {
            Slot::Register => typed::<(Resource<RegisterAttempt>,), (Returned<Register>,)>(
                instance, store, export,
            ),
            Slot::Login => {
                typed::<(Resource<LoginAttempt>,), (Returned<Login>,)>(instance, store, export)
            }
            Slot::Refresh => {
                typed::<(Resource<RefreshAttempt>,), (Returned<Refresh>,)>(instance, store, export)
            }
        }
    }
}
