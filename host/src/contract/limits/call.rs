//! The bounds of a call as a whole: its time, its memory, and how often it may ask the host.

use std::time::Duration;

use super::capability::{
    AccountLimits, ClaimLimits, HttpLimits, LogLimits, MetricLimits, OutboxLimits, PasswordLimits,
    RefusalLimits, SessionLimits, StorageLimits, ThrottleLimits,
};
use crate::contract::{PerSlot, Slot};

/// Every bound of a call. A profile carries one, so that another kind of component can have others.
#[derive(Debug, Clone)]
pub struct Limits {
    /// A tick of the engine's clock; processor time is counted in it.
    pub tick: Duration,
    /// So many ticks may a call be seen running in: 200 ms of processor time.
    pub ticks: u32,
    /// Wall-clock time, as a share of `HTTP_SERVER_TIMEOUT`.
    pub wall_clock_share: f64,
    /// How long a call waits for its turn while its slot is full.
    pub turn_wait: Duration,
    /// Calls that may run in a slot at once. Together they are fewer than the instances, and logins
    /// that wait for the hash threads cannot starve refreshes.
    pub turns: PerSlot<usize>,
    /// Instances that may be alive at once, all slots together. What the pool holds for them
    /// follows from this number and the three below.
    pub instances: u32,
    /// Core modules of one component that are instantiated.
    pub core_instances: u32,
    /// Linear memories of one component.
    pub memories: u32,
    /// Tables of one component.
    pub tables: u32,
    /// Bytes that each memory of the pool keeps between two calls, so that the next one is cheap.
    pub resident_bytes: usize,
    /// Linear memory of an instance in bytes, all of its memories together.
    pub memory_bytes: usize,
    /// Elements of one table.
    pub table_elements: usize,
    /// WebAssembly stack of a call, in bytes.
    pub stack_bytes: usize,
    /// Bytes that one call of a host function may hand over.
    pub host_call_bytes: usize,
    /// Resource handles that an instance may hold.
    pub handles: usize,
    /// Bytes that a call may hand over in all of its host calls together.
    pub arriving_bytes: usize,
    /// Entries into the host of any kind: host calls, getters, and what WebAssembly itself asks.
    pub entries: u32,
    /// Host calls of functions that do work.
    pub host_calls: u32,
    /// A policy that ignores that bound is stopped here.
    pub host_calls_ignored: u32,
    /// Host calls that read the database.
    pub reads: u32,
    /// Random bytes that are given at once.
    pub random_bytes: u32,
    /// Seconds that a policy may give with `failure.unavailable`; more is cut off.
    pub unavailable_seconds: u32,
    /// Of the account, and of the attributes of a new one.
    pub accounts: AccountLimits,
    /// Of questions about the password.
    pub passwords: PasswordLimits,
    /// Of the account's sessions.
    pub sessions: SessionLimits,
    /// Of an acceptance's claims.
    pub claims: ClaimLimits,
    /// Of the slot's own rows.
    pub storage: StorageLimits,
    /// Of counters against abuse.
    pub throttle: ThrottleLimits,
    pub outbox: OutboxLimits,
    /// Of the slot's own series.
    pub metrics: MetricLimits,
    /// Of lines in the host's log.
    pub log: LogLimits,
    /// Of requests to other services.
    pub http: HttpLimits,
    /// Of what a caller is told with a "no".
    pub refusal: RefusalLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tick: Duration::from_millis(10),
            ticks: 20,
            wall_clock_share: 0.6,
            turn_wait: Duration::from_millis(500),
            turns: PerSlot::from_fn(|slot| match slot {
                Slot::Register => 48,
                Slot::Login => 80,
                Slot::Refresh => 120,
            }),
            instances: 256,
            core_instances: 40,
            memories: 3,
            tables: 4,
            resident_bytes: 64 << 10,
            memory_bytes: 16 << 20,
            table_elements: 10_000,
            stack_bytes: 512 << 10,
            host_call_bytes: 1 << 20,
            handles: 256,
            arriving_bytes: 4 << 20,
            entries: 100_000,
            host_calls: 64,
            host_calls_ignored: 1024,
            reads: 16,
            random_bytes: 1024,
            unavailable_seconds: 3600,
            accounts: AccountLimits::default(),
            passwords: PasswordLimits::default(),
            sessions: SessionLimits::default(),
            claims: ClaimLimits::default(),
            storage: StorageLimits::default(),
            throttle: ThrottleLimits::default(),
            outbox: OutboxLimits::default(),
            metrics: MetricLimits::default(),
            log: LogLimits::default(),
            http: HttpLimits::default(),
            refusal: RefusalLimits::default(),
        }
    }
}

impl Limits {
    /// What the memories of the pool keep between calls, if each was used: they are counted in the
    /// budget of the process from the start.
    pub const fn resident_memory(&self) -> usize {
        self.instances as usize * self.memories as usize * self.resident_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::super::promise::Page::{Architecture, Authors, Wit};
    use super::super::promise::{bytes, number, promises};
    use super::{Limits, Slot};

    /// `HTTP_SERVER_TIMEOUT` in seconds, of which a call has its share.
    const REQUEST_SECONDS: f64 = 5.0;

    /// Without `..`: a bound that is added does not compile until somebody decides where it is
    /// promised.
    #[test]
    fn every_bound_of_a_call_is_known_to_the_tests_below() {
        let Limits {
            tick: _,
            ticks: _,
            wall_clock_share: _,
            turn_wait: _,
            turns: _,
            instances: _,
            core_instances: _,
            memories: _,
            tables: _,
            resident_bytes: _,
            memory_bytes: _,
            table_elements: _,
            stack_bytes: _,
            host_call_bytes: _,
            handles: _,
            arriving_bytes: _,
            entries: _,
            host_calls: _,
            host_calls_ignored: _,
            reads: _,
            random_bytes: _,
            unavailable_seconds: _,
            accounts: _,
            passwords: _,
            sessions: _,
            claims: _,
            storage: _,
            throttle: _,
            outbox: _,
            metrics: _,
            log: _,
            http: _,
            refusal: _,
        } = Limits::default();
    }

    #[test]
    fn the_call_as_a_whole_is_bounded_as_promised() {
        let Limits {
            tick,
            ticks,
            wall_clock_share,
            memory_bytes,
            host_calls,
            reads,
            random_bytes,
            accounts,
            storage,
            outbox,
            log,
            ..
        } = Limits::default();
        let processor = number(tick.as_millis() * u128::from(ticks));
        let (tick, ticks) = (number(tick.as_millis()), number(ticks));
        let share = format!("{}/5", wall_clock_share * 5.0);
        let wall_clock = (REQUEST_SECONDS * wall_clock_share).to_string();
        promises(
            Wit,
            "{} calls of functions marked (counted), {} of them reading the database, {} s of \
             wall-clock time, {} ms of processor time, {} of memory, {} buffered storage writes, \
             {} attributes, {} events, {} log lines.",
            &[
                &number(host_calls),
                &number(reads),
                &wall_clock,
                &processor,
                &bytes(memory_bytes),
                &number(storage.writes),
                &number(accounts.attributes),
                &number(outbox.events),
                &number(log.lines),
            ],
        );
        promises(Wit, "1 to {} random bytes; fails", &[&number(random_bytes)]);
        promises(Authors, "| random bytes at once | 1 to {} |", &[&number(random_bytes)]);
        promises(
            Authors,
            "| wall-clock time of a call | {} of `HTTP_SERVER_TIMEOUT`: {} s by default |",
            &[&share, &wall_clock],
        );
        promises(
            Authors,
            "| processor time, the host's for the policy included | {} ms ({} ticks of {} ms) |",
            &[&processor, &ticks, &tick],
        );
        promises(Authors, "| `deadline` | {} ms of processor time used up", &[&processor]);
        promises(
            Architecture,
            "| wall-clock time | {} of `HTTP_SERVER_TIMEOUT` ({} s) |",
            &[&share, &wall_clock],
        );
        promises(
            Architecture,
            "| processor time, its own and the host's for it | {} ticks of {} ms |",
            &[&ticks, &tick],
        );
        promises(Architecture, "of `HTTP_SERVER_TIMEOUT` ({} s by default)", &[&wall_clock]);
    }

    #[test]
    fn calls_take_turns_as_promised() {
        let Limits { tick, ticks, turn_wait, turns, instances, .. } = Limits::default();
        let processor = number(tick.as_millis() * u128::from(ticks));
        promises(Architecture, "A clock thread ticks every {} ms.", &[&number(tick.as_millis())]);
        promises(Architecture, "after {} ms of processor time it is ended", &[&processor]);
        let turn_wait = number(turn_wait.as_millis());
        promises(Architecture, "a turn in its slot, at most {} ms.", &[&turn_wait]);
        let turns = Slot::ALL.map(|slot| number(*turns.get(slot)));
        promises(Architecture, "(register {}, login {}, refresh {})", &turns.each_ref());
        promises(Architecture, "fewer than the {} instances", &[&number(instances)]);
    }

    #[test]
    fn memory_and_host_calls_are_bounded_as_promised() {
        let limits = Limits::default();
        let (memory, stack) = (bytes(limits.memory_bytes), bytes(limits.stack_bytes));
        let (elements, handed) = (number(limits.table_elements), bytes(limits.host_call_bytes));
        let (calls, reads) = (number(limits.host_calls), number(limits.reads));
        let (handles, ignored) = (number(limits.handles), number(limits.host_calls_ignored));
        promises(
            Authors,
            "| memory; table elements; WebAssembly stack | {}; {}; {} |",
            &[&memory, &elements, &stack],
        );
        promises(
            Authors,
            "| handles held at once; bytes handed over in one host call | {}; {} |",
            &[&handles, &handed],
        );
        let both = "| counted host calls; of these, reads of the database | {}; {} |";
        promises(Authors, both, &[&calls, &reads]);
        promises(Architecture, both, &[&calls, &reads]);
        promises(
            Authors,
            "too many handles ({}), a value too large to hand over ({})",
            &[&handles, &handed],
        );
        promises(Authors, "| `memory` | more than {}, or a table", &[&memory]);
        promises(Authors, "starts with at most {} of memory", &[&memory]);
        for (row, value) in [
            ("| linear memory, all memories together | {} |", memory),
            ("| elements of a table | {} |", elements),
            ("| WebAssembly stack | {} |", stack),
            ("| resource handles | {} |", handles),
            ("| bytes that one host call may hand over | {} |", handed),
            ("before the call is ended for ignoring `limit` | {} |", ignored),
        ] {
            promises(Architecture, row, &[&value]);
        }
    }
}
