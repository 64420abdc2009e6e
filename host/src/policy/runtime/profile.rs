//! A profile: the engine, what components are linked with, the bounds and the turns of one kind of
//! component. Components of another kind (script engines, WASI) get one of their own, so that they
//! cannot take what these need.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::Semaphore;
use wasmtime::component::Linker;
use wasmtime::{CallHook, Engine, Store, UpdateDeadline};

use super::cores::Cores;
use super::{engine, linker};
use crate::capabilities::{CallState, LiveReads, Machine, Recording, Services};
use crate::contract::{Attempt, Identity, Limits, PerSlot, Request, Slot};
use crate::policy::metrics::PolicyMetrics;

/// So many shadows may run at once, one in each slot.
const SHADOWS: u32 = 3;
const _: () = assert!(SHADOWS as usize == Slot::ALL.len());

/// What a generation runs in. It is made once, handed to admission, and carried by every generation
/// that was admitted for it: a call takes its turn, its bounds and its engine from here.
pub struct Profile {
    /// Tells profiles apart in an error at the start.
    pub name: &'static str,
    /// Components are compiled for it, and run in it only.
    pub engine: Engine,
    /// What a component of this profile can import.
    pub linker: Linker<CallState>,
    pub limits: Arc<Limits>,
    /// How many calls may run at once in each slot.
    pub turns: PerSlot<Semaphore>,
    /// The processors that calls run on, in turns.
    pub(super) cores: Arc<Cores>,
    /// The engine's ticks, and the memory for instances.
    machine: Arc<Machine>,
    /// Its calls are counted there; those of shadows are not.
    pub metrics: PolicyMetrics,
    /// Where shadows of its components run; none in that profile itself.
    pub(super) shadows: Option<Arc<Profile>>,
    /// In a profile of shadows: how they read what nobody has read for them.
    live: Option<LiveReads>,
}

impl Profile {
    /// For components that import `auth:policy` and nothing else.
    /// All calls together have so many bytes of memory, and all shadows together so many of their
    /// own. To be called in the runtime that owns the database's connections.
    pub fn contract_only(
        limits: Arc<Limits>,
        (memory_bytes, shadow_bytes): (usize, usize),
        metrics: PolicyMetrics,
    ) -> anyhow::Result<Self> {
        let name = "contract-only";
        let charged = metrics.memory_charged.clone();
        let machine = Arc::new(Machine::new(memory_bytes, &limits, charged));
        let of_shadows = Arc::new(Machine::for_shadows(shadow_bytes, &limits, SHADOWS));
        let build = || {
            // The pool has room for shadows beside that of all calls.
            let instances = limits.instances + SHADOWS;
            let pool = Limits { instances, ..(*limits).clone() };
            let engine = engine::build(&pool, &[&machine, &of_shadows])?;
            let linker = linker::contract_linker(&engine, |state| state)?;
            anyhow::Ok((engine, linker))
        };
        let (engine, linker) =
            build().with_context(|| format!("the profile {name} cannot be built"))?;
        let shadows = Self {
            name: "shadows",
            turns: PerSlot::from_fn(|_| Semaphore::new(1)),
            cores: Arc::new(Cores::new(1)),
            live: Some(LiveReads::of_this_runtime()),
            ..Self::new(
                name,
                engine.clone(),
                linker.clone(),
                Arc::clone(&limits),
                of_shadows,
                metrics.clone(),
            )
        };
        let calls = Self::new(name, engine, linker, limits, machine, metrics);
        Ok(Self { shadows: Some(Arc::new(shadows)), ..calls })
    }

    /// The linker must belong to the engine, and the engine's clock must tick as the limits say, on
    /// this machine.
    pub fn new(
        name: &'static str,
        engine: Engine,
        linker: Linker<CallState>,
        limits: Arc<Limits>,
        machine: Arc<Machine>,
        metrics: PolicyMetrics,
    ) -> Self {
        let turns = PerSlot::from_fn(|slot| Semaphore::new(*limits.turns.get(slot)));
        let cores = Arc::new(Cores::of_this_machine());
        Self {
            name,
            engine,
            linker,
            limits,
            turns,
            cores,
            machine,
            metrics,
            shadows: None,
            live: None,
        }
    }

    /// The state of a call that has done nothing yet, under the bounds of its generation.
    pub(crate) fn state(
        &self,
        services: &Arc<Services>,
        identity: &Arc<Identity>,
        limits: &Arc<Limits>,
        request: Request,
        attempt: Attempt,
    ) -> CallState {
        CallState::new(
            &self.machine,
            Arc::clone(services),
            Arc::clone(identity),
            Arc::clone(limits),
            request,
            attempt,
        )
    }

    /// The state of a shadow of this call; none if this is no profile of shadows, which would take
    /// what calls need.
    pub(super) fn shadow_state(
        &self,
        services: &Arc<Services>,
        identity: &Arc<Identity>,
        limits: &Arc<Limits>,
        recording: Recording,
    ) -> Option<CallState> {
        let live = self.live.clone()?;
        Some(CallState::of_shadow(
            &self.machine,
            Arc::clone(services),
            Arc::clone(identity),
            Arc::clone(limits),
            recording,
            live,
        ))
    }

    /// The store of a call. There is no other way to one, so that none is without bounds.
    pub(crate) fn store(&self, state: CallState) -> Store<CallState> {
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.budget.memory);
        store.set_hostcall_fuel(self.limits.host_call_bytes);
        store.set_max_component_handles(self.limits.handles);
        store.set_epoch_deadline(1);
        // Yields at each tick, so that a busy policy does not hold a thread; ends the call when its
        // processor time is used up.
        store.epoch_deadline_callback(|store| {
            let state = store.data();
            state.budget.run_on(&state.limits)?;
            Ok(UpdateDeadline::Yield(1))
        });
        // A line of host calls may never reach a loop, where the engine looks at its clock. So each
        // entry into the host looks, too; also one that passes no memory, and those that the
        // instructions of WebAssembly make.
        store.call_hook(|mut store, transition| {
            if matches!(transition, CallHook::CallingHost) {
                let CallState { budget, limits, .. } = store.data_mut();
                budget.enter(limits)?;
            }
            Ok(())
        });
        store
    }
}
