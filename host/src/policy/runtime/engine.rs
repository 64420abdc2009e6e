//! The WebAssembly engine of a profile. Its settings make a fresh instance a call cheap (resident
//! pool, no system call but one), and its clock ends a call that takes too long.

use std::hash::{Hash, Hasher};
use std::thread;
use std::time::Duration;

use aws_lc_rs::digest;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::contract::Limits;
use crate::hex;

/// Places of the pool that one component may take: admission tells who wants more.
pub const MEMORIES_OF_A_COMPONENT: u32 = 3;
pub const TABLES_OF_A_COMPONENT: u32 = 4;

/// An engine whose clock runs.
pub(super) fn build(limits: &Limits) -> anyhow::Result<Engine> {
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
    start_clock(&engine, limits.tick)?;
    Ok(engine)
}

/// An engine that compiles for the one of that [`compatibility`], with the same bounds, but takes
/// the memory of an instance when it is needed: a process of its own that makes one instance needs
/// no pool of hundreds. None if this program compiles for no such engine.
pub fn compiling_engine(limits: &Limits, compatible: &str) -> anyhow::Result<Option<Engine>> {
    for reservation in [None, Some(limits.memory_bytes as u64)] {
        let mut config = config(limits, reservation);
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        let engine = Engine::new(&config).map_err(|fault| anyhow::anyhow!("{fault:#}"))?;
        if compatibility(&engine) == compatible {
            start_clock(&engine, limits.tick)?;
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
    // instances and three memories.
    pool.total_component_instances(limits.instances)
        .total_core_instances(limits.instances * 16)
        .total_memories(limits.instances * 2)
        .total_tables(limits.instances * 4)
        .total_stacks(limits.instances)
        .max_core_instances_per_component(40)
        .max_memories_per_component(MEMORIES_OF_A_COMPONENT)
        .max_tables_per_component(TABLES_OF_A_COMPONENT)
        .table_elements(limits.table_elements)
        .max_memory_size(limits.memory_bytes)
        .max_unused_warm_slots(limits.instances)
        .linear_memory_keep_resident(1 << 20)
        .table_keep_resident(64 << 10)
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
fn start_clock(engine: &Engine, tick: Duration) -> anyhow::Result<()> {
    let weak = engine.weak();
    thread::Builder::new().name("policy-clock".into()).spawn(move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(tick);
        }
    })?;
    Ok(())
}
