//! The processor time of a call: what its own code and the host's part of it took, without the
//! time in which the call waited.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};

use super::machine::Machine;
use super::waiting::kept_from_processor;
use crate::contract::Limits;

/// No tick has this number.
const NEVER: u64 = u64::MAX;

/// The processor time of one call. Whoever runs the call says when it begins and when it stops to
/// run; each entry into the host, and each look of the engine's clock, compares it with the bound.
/// One thread at a time uses it: the atomics are plain numbers that can be shared.
#[derive(Debug)]
pub struct ProcessorTime {
    machine: Arc<Machine>,
    tick: u64,
    most: u64,
    used: AtomicU64,
    since: AtomicI64,
    /// The tick at which somebody looked.
    looked: AtomicU64,
    ticks: AtomicU32,
    waits: AtomicBool,
    /// Whether time is left out in which its thread was kept from a processor.
    is_exact: AtomicBool,
}

impl ProcessorTime {
    pub(super) fn new(machine: Arc<Machine>, limits: &Limits) -> Self {
        let tick = u64::try_from(limits.tick.as_nanos()).unwrap_or(u64::MAX);
        Self {
            tick,
            most: tick.saturating_mul(u64::from(limits.ticks)),
            used: AtomicU64::new(0),
            since: AtomicI64::new(signed(machine.nanoseconds())),
            looked: AtomicU64::new(machine.ticks()),
            ticks: AtomicU32::new(0),
            waits: AtomicBool::new(false),
            is_exact: AtomicBool::new(false),
            machine,
        }
    }

    /// From the next turn on, time is left out in which the thread was kept from a processor. It
    /// costs two questions to the system a turn: for calls whose times are compared.
    pub(super) fn be_exact(&self) {
        self.is_exact.store(true, Ordering::Relaxed);
    }

    /// The call runs from now on.
    pub fn begin(&self) {
        self.since.store(self.now(), Ordering::Relaxed);
        // A call that has used its time up while nobody looked is ended at its next entry.
        let used_up = self.used.load(Ordering::Relaxed) > self.most;
        let looked = if used_up { NEVER } else { self.machine.ticks() };
        self.looked.store(looked, Ordering::Relaxed);
        self.waits.store(false, Ordering::Relaxed);
    }

    /// The call does not run any more, for now.
    pub fn end(&self) {
        self.charge();
    }

    /// Notes that the call waits for its turn on a processor.
    pub fn waits(&self) {
        self.waits.store(true, Ordering::Relaxed);
    }

    /// Whether a time limit that ends the call now came while it waited for its turn, and it had
    /// hardly run: then it is not its policy's fault.
    pub fn was_kept_waiting(&self) -> bool {
        self.waits.load(Ordering::Relaxed)
            && self.used.load(Ordering::Relaxed) <= self.tick.saturating_mul(2)
    }

    /// The ticks at which the call was seen running.
    pub fn ticks(&self) -> u32 {
        self.ticks.load(Ordering::Relaxed)
    }

    /// What the call has used, in nanoseconds.
    pub fn nanoseconds(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// False once the time of the call is used up. Costs next to nothing between two ticks.
    pub(super) fn is_left(&self) -> bool {
        let tick = self.machine.ticks();
        if self.looked.load(Ordering::Relaxed) == tick {
            return true;
        }
        self.looked.store(tick, Ordering::Relaxed);
        self.ticks.fetch_add(1, Ordering::Relaxed);
        self.charge();
        self.used.load(Ordering::Relaxed) <= self.most
    }

    /// Only differences within one turn mean anything: threads have clocks of their own.
    fn now(&self) -> i64 {
        let is_exact = self.is_exact.load(Ordering::Relaxed);
        let waited = if is_exact { kept_from_processor() } else { 0 };
        signed(self.machine.nanoseconds()) - signed(waited)
    }

    /// At most one tick at once: if the machine stood still meanwhile, the call did not run.
    fn charge(&self) {
        let now = self.now();
        let ran = now - self.since.swap(now, Ordering::Relaxed);
        self.used.fetch_add(u64::try_from(ran).unwrap_or(0).min(self.tick), Ordering::Relaxed);
    }
}

fn signed(nanoseconds: u64) -> i64 {
    i64::try_from(nanoseconds).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use prometheus::IntGauge;

    use super::*;

    /// A machine on which each tick lasts a nanosecond, so that every look charges one.
    fn call(ticks: u32) -> (Arc<Machine>, ProcessorTime) {
        let limits =
            Limits { tick: std::time::Duration::from_nanos(1), ticks, ..Limits::default() };
        let gauge = IntGauge::new("charged", "charged").unwrap();
        let machine = Arc::new(Machine::new(96 << 20, &limits, gauge));
        let processor = ProcessorTime::new(Arc::clone(&machine), &limits);
        (machine, processor)
    }

    /// Looks at a tick. The clock of a machine may be coarse: until time has passed.
    fn look(machine: &Machine, processor: &ProcessorTime) -> bool {
        let before = machine.nanoseconds();
        while machine.nanoseconds() == before {}
        machine.tick();
        processor.is_left()
    }

    #[test]
    fn a_call_that_only_enters_the_host_is_ended_when_its_time_is_used_up() {
        let (machine, processor) = call(20);
        processor.begin();
        for tick in 1..=20 {
            assert!(look(&machine, &processor), "ended at tick {tick}");
        }
        assert!(!look(&machine, &processor), "it goes on beyond its bound");
        assert_eq!(processor.ticks(), 21);
    }

    #[test]
    fn time_that_a_call_waits_is_not_counted() {
        let (machine, processor) = call(20);
        for _ in 0..10 {
            processor.begin();
            processor.end();
            for _ in 0..10 {
                machine.tick();
            }
        }
        processor.begin();
        assert!(processor.is_left(), "the time between two turns was counted");
        assert_eq!(processor.ticks(), 0);
    }

    #[test]
    fn short_turns_add_up_although_no_tick_sees_them() {
        let (machine, processor) = call(20);
        for _ in 0..21 {
            processor.begin();
            let before = machine.nanoseconds();
            while machine.nanoseconds() == before {}
            processor.end();
        }
        processor.begin();
        assert!(!processor.is_left(), "turns between two ticks cost nothing");
    }
}
