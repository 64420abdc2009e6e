//! One call of a policy: a fresh store for it, bounded in memory, processor time and wall-clock
//! time, and dropped with it. No data are shared between calls; a call that ends early leaves
//! nothing behind.

use std::pin::pin;
use std::sync::Arc;

use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout, timeout_at};
use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, InstancePre, Resource};

use super::export;
use super::fault::CallError;
use super::generation::{Code, Generation};
use super::running::Running;
use crate::capabilities::{CallState, Recorder, Services};
use crate::contract::bindings::types::Rejection;
use crate::contract::{Attempt, Contract, Refusal, Request, Returned};
use crate::policy::health::{Cause, Use};

/// What a policy decided.
#[derive(Debug)]
pub enum Decision<A> {
    /// A yes, with what it grants.
    Accepted(A),
    /// A no that the policy meant, with its code and what the caller may know.
    Refused(Refusal),
}

/// Calls a policy. The state comes back with the decision: what was written waits in it. The
/// recorder writes down what the call is answered.
pub async fn call<C: Contract>(
    generation: &Generation,
    services: &Arc<Services>,
    request: Request,
    attempt: Attempt,
    deadline: Instant,
    recorder: Option<&Recorder>,
) -> Result<(Decision<C::Acceptance>, CallState), CallError> {
    let profile = &*generation.profile;
    let Generation { identity, limits, .. } = generation;
    let mut state = profile.state(services, identity, limits, request, attempt);
    if let Some(recorder) = recorder {
        state.record(recorder);
    }
    let turn = timeout(profile.limits.turn_wait, profile.turns.get(C::SLOT).acquire()).await;
    let Ok(Ok(_permit)) = turn else {
        return Err(CallError::busy("too many calls of this policy are running"));
    };
    let duration = profile.metrics.call_duration.with_label_values(&[C::SLOT.as_str()]);
    let timer = duration.start_timer();
    let (outcome, state) = execute::<C>(generation, state, deadline).await;
    if matches!(&*generation.code, Code::Component { .. }) {
        count_use(generation, &state);
    }
    timer.observe_duration();
    match outcome {
        Ok(returned) => decision::<C>(returned?, state),
        Err(_) if state.host_is_busy() => {
            Err(CallError::busy("the call's time was up while it waited for a hash"))
        }
        Err(_) if state.budget.host_works() => {
            Err(CallError::unavailable("the call's time was up while it waited for the host"))
        }
        Err(_) if state.budget.processor.was_kept_waiting() => {
            Err(CallError::busy("the call's time was up while it waited for a processor"))
        }
        Err(_) => {
            Err(CallError::fault(Cause::Deadline, "the call took longer than its wall-clock bound"))
        }
    }
}

/// What a policy returned, trapped with, or none if its time was up before.
type Outcome<C> = Result<wasmtime::Result<Returned<C>>, Elapsed>;

/// Runs the policy in the profile of its generation, which is told nothing of it but what is used
/// of the machine meanwhile.
pub(super) async fn execute<C: Contract>(
    generation: &Generation,
    mut state: CallState,
    deadline: Instant,
) -> (Outcome<C>, CallState) {
    let profile = &*generation.profile;
    state.ends_at(deadline);
    match &*generation.code {
        Code::Component { pre, export } => {
            let processor = Arc::clone(&state.budget.processor);
            let mut store = profile.store(state);
            let outcome = {
                let run = pin!(run::<C>(&mut store, pre, *export));
                let running = Running::new(&profile.cores, C::SLOT, processor, run);
                timeout_at(deadline, running).await
            };
            let mut state = store.into_data();
            state.budget.memory.give_back();
            (outcome, state)
        }
        #[cfg(feature = "native-policies")]
        Code::Native(policy) => {
            (timeout_at(deadline, super::native::run::<C>(&**policy, &mut state)).await, state)
        }
    }
}

/// What an instance took of the machine.
fn count_use(generation: &Generation, state: &CallState) {
    let (metrics, budget) = (&generation.profile.metrics, &state.budget);
    let slot = generation.identity.slot.as_str();
    let memory_bytes = budget.memory.bytes();
    metrics.cpu_ticks.with_label_values(&[slot]).inc_by(u64::from(budget.processor.ticks()));
    #[expect(clippy::cast_precision_loss, reason = "a metric in bytes, at most 16 MiB")]
    metrics.memory.with_label_values(&[slot]).observe(memory_bytes as f64);
    generation.counts.used(&Use {
        processor_nanoseconds: budget.processor.nanoseconds(),
        host_nanoseconds: budget.host_nanoseconds(),
        entries: budget.entries(),
        memory_bytes: memory_bytes as u64,
    });
}

async fn run<C: Contract>(
    store: &mut Store<CallState>,
    pre: &InstancePre<CallState>,
    export: ComponentExportIndex,
) -> wasmtime::Result<Returned<C>> {
    let instance = pre.instantiate_async(&mut *store).await?;
    let function = export::function::<C>(&instance, &mut *store, export)?;
    let (returned,) = function.call_async(&mut *store, (Resource::new_borrow(0),)).await?;
    Ok(returned)
}

/// Takes what the policy returned out of the call's table of resources.
pub(super) fn decision<C: Contract>(
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
        Err(Rejection::Failed(failure)) => {
            let failure = state.without_secrets(failure);
            return Err(CallError::failed(failure, state.host_is_busy(), &state.limits));
        }
    };
    Ok((decision, state))
}
