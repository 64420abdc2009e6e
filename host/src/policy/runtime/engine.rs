//! The WebAssembly engine of a profile. Its settings make a fresh instance a call cheap (resident
//! pool, no system call but one), and its clock ends a call that takes too long.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use aws_lc_rs::digest;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::capabilities::Machine;
use crate::contract::Limits;
use crate::hex;

/// An engine whose clock runs: each of these counts its ticks.
pub(super) fn build(limits: &Limits, machines: &[&Arc<Machine>]) -> anyhow::Result<Engine> {
    let engine = match Engine::new(&config(limits, None)) {
        Ok(engine) => engine,
        Err(fault) => {
            // Address space is scarce here (a container's limit, a small machine): reserve what an
            // instance can use and no more.
            tracing::warn!(
                fault = %format!("{fault:#}"),
                "the engine's usual reservation of address space failed; policy calls will be \
                 slower"
            );
            Engine::new(&config(limits, Some(limits.memory_bytes as u64)))
                .map_err(|fault| anyhow::anyhow!("{fault:#}"))?
        }
    };
    let machines: Vec<_> = machines.iter().copied().map(Arc::clone).collect();
    start_clock(&engine, limits.tick, move || machines.iter().for_each(|machine| machine.tick()))?;
    Ok(engine)
}

/// An engine that compiles for the one of that [`compatibility`] (for any, if none is named), with
/// the same bounds, but takes the memory of an instance when it is needed: a process of its own that
/// makes one instance needs no pool of hundreds. None if this program compiles for no such engine.
pub fn compiling_engine(
    limits: &Limits,
    compatible: Option<&str>,
) -> anyhow::Result<Option<Engine>> {
    for reservation in [None, Some(limits.memory_bytes as u64)] {
        let mut config = config(limits, reservation);
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        let engine = Engine::new(&config).map_err(|fault| anyhow::anyhow!("{fault:#}"))?;
        if compatible.is_none_or(|wanted| compatibility(&engine) == wanted) {
            start_clock(&engine, limits.tick, || ())?;
            return Ok(Some(engine));
        }
    }
    Ok(None)
}

/// What two engines have in common if one can run what the other has compiled.
pub fn compatibility(engine: &Engine) -> String {
    struct Digest(digest::Context);
    impl Hasher for Digest {
        fn finish(&self) -> u64 {
            0
        }
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
    }
    let mut hasher = Digest(digest::Context::new(&digest::SHA256));
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hex::encode(hasher.0.finish().as_ref())
}

fn config(limits: &Limits, memory_reservation: Option<u64>) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    // Room for other languages too: a component of an embedded script engine has dozens of core
    // instances and three memories. Whatever the component is, all turns find a place.
    pool.total_component_instances(limits.instances)
        .total_core_instances(limits.instances * limits.core_instances)
        .total_memories(limits.instances * limits.memories)
        .total_tables(limits.instances * limits.tables)
        .total_stacks(limits.instances)
        .max_core_instances_per_component(limits.core_instances)
        .max_memories_per_component(limits.memories)
        .max_tables_per_component(limits.tables)
        .table_elements(limits.table_elements)
        .max_memory_size(limits.memory_bytes)
        .max_unused_warm_slots(limits.instances)
        .linear_memory_keep_resident(limits.resident_bytes)
        .table_keep_resident(16 << 10)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .max_wasm_stack(limits.stack_bytes)
        .async_stack_size(2 << 20);
    if let Some(bytes) = memory_reservation {
        config.memory_reservation(bytes).memory_guard_size(64 << 10);
    }
    config
}

/// A thread of its own: a busy runtime cannot stop this clock. It ends with the engine.
fn start_clock(
    engine: &Engine,
    tick: Duration,
    at_a_tick: impl Fn() + Send + 'static,
) -> anyhow::Result<()> {
    let weak = engine.weak();
    thread::Builder::new().name("policy-clock".into()).spawn(move || {
        while let Some(engine) = weak.upgrade() {
            // First: who sees the epoch sees the tick.
            at_a_tick();
            engine.increment_epoch();
            drop(engine);
            thread::sleep(tick);
        }
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use prometheus::IntGauge;
    use wasmtime::component::{Component, Linker};
    use wasmtime::{Engine, Store};

    use super::*;
    use crate::contract::Slot;

    fn engine(limits: &Limits) -> Engine {
        let gauge = IntGauge::new("charged", "charged").unwrap();
        build(limits, &[&Arc::new(Machine::new(96 << 20, limits, gauge))]).unwrap()
    }

    /// As many memories and tables as one may have.
    fn large_component(engine: &Engine, limits: &Limits) -> Component {
        let instances = "(core instance (instantiate $m))".repeat(limits.memories as usize);
        let module = "(core module $m (memory 1) (table 1 funcref))";
        let bytes = wat::parse_str(format!("(component {module} {instances})")).unwrap();
        Component::new(engine, bytes).unwrap()
    }

    #[test]
    fn the_pool_has_room_for_all_turns_whatever_their_components_are() {
        let limits = Limits::default();
        let engine = engine(&limits);
        let component = large_component(&engine, &limits);
        let linker = Linker::new(&engine);
        let together: usize = Slot::ALL.iter().map(|slot| limits.turns.get(*slot)).sum();
        let mut stores: Vec<_> = (0..together).map(|_| Store::new(&engine, ())).collect();
        for (number, store) in stores.iter_mut().enumerate() {
            store.epoch_deadline_callback(|_| Ok(wasmtime::UpdateDeadline::Continue(1)));
            linker
                .instantiate(store, &component)
                .unwrap_or_else(|fault| panic!("turn {number} finds no place: {fault:#}"));
        }
    }
}
