//! The WebAssembly engine: one for all policies. Its settings make a fresh instance a call cheap
//! (resident pool, no system call but one).

use std::thread;

use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::bindings::Host_;
use super::limits::{MAX_INSTANCES, MAX_MEMORY, MAX_TABLE_ELEMENTS, TICK};
use crate::capabilities::CallState;

/// Builds the engine and starts its clock.
pub fn build() -> anyhow::Result<Engine> {
    let engine = match Engine::new(&config(None)) {
        Ok(engine) => engine,
        Err(fault) => {
            // Address space is scarce here (a container's limit, a small machine): reserve what an
            // instance can use and no more.
            tracing::warn!(fault = %format!("{fault:#}"), "the engine's usual reservation of address space failed; policy calls will be slower");
            Engine::new(&config(Some(MAX_MEMORY as u64)))
                .map_err(|fault| anyhow::anyhow!("{fault:#}"))?
        }
    };
    start_clock(&engine)?;
    Ok(engine)
}

/// What a component may import: the whole contract. Its own world was checked before.
pub fn linker(engine: &Engine) -> anyhow::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    Host_::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut CallState| state)
        .map_err(|fault| anyhow::anyhow!("{fault:#}"))?;
    Ok(linker)
}

fn config(memory_reservation: Option<u64>) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    // Room for other languages too: a component of an embedded script engine has dozens of core
    // instances and three memories.
    pool.total_component_instances(MAX_INSTANCES)
        .total_core_instances(MAX_INSTANCES * 16)
        .total_memories(MAX_INSTANCES * 2)
        .total_tables(MAX_INSTANCES * 4)
        .total_stacks(MAX_INSTANCES)
        .max_core_instances_per_component(40)
        .max_memories_per_component(3)
        .max_tables_per_component(4)
        .table_elements(MAX_TABLE_ELEMENTS)
        .max_memory_size(MAX_MEMORY)
        .max_unused_warm_slots(MAX_INSTANCES)
        .linear_memory_keep_resident(1 << 20)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .max_wasm_stack(512 << 10)
        .async_stack_size(2 << 20);
    if let Some(bytes) = memory_reservation {
        config.memory_reservation(bytes).memory_guard_size(64 << 10);
    }
    config
}

/// A thread of its own: a busy runtime cannot stop this clock. It ends with the engine.
fn start_clock(engine: &Engine) -> anyhow::Result<()> {
    let weak = engine.weak();
    thread::Builder::new().name("policy-clock".into()).spawn(move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    })?;
    Ok(())
}
