//! The bounds among the items: what the host allows at most, and what a policy that asks for less
//! runs with.

use std::sync::Arc;

use super::item::{Item, ItemFault};
use crate::contract::Limits;

/// The least memory that means anything: a page (WebAssembly core specification, 4.2.8).
const LEAST_MEMORY: u64 = 64 << 10;

/// The bounds of the host.
pub(super) fn of_host() -> [Item; 4] {
    let limits = Limits::default();
    [
        Item::Storage(u64::try_from(limits.storage.bytes).unwrap_or(0)),
        Item::Memory(limits.memory_bytes as u64),
        Item::Time(tick(&limits).saturating_mul(limits.ticks)),
        Item::HostCalls(limits.host_calls),
    ]
}

/// Of both bounds the one of the same kind as this item.
pub(super) fn same<'b>(item: &Item, bounds: &'b [Item; 4]) -> Option<&'b Item> {
    let kind = std::mem::discriminant(item);
    bounds.iter().find(|bound| std::mem::discriminant(*bound) == kind)
}

/// Whether a bound lies within what the host allows; what is no bound does.
pub fn check_bound(item: &Item) -> Result<(), ItemFault> {
    let host = of_host();
    let Some(most) = same(item, &host) else { return Ok(()) };
    let fault = |why: String| Err(ItemFault(format!("\"{item}\": {why}")));
    match item {
        // Of one kind, the order is that of the values.
        above if above > most => fault(format!("this host allows {most} at most")),
        Item::Memory(bytes) if *bytes < LEAST_MEMORY => {
            fault("an instance has memory:64KiB at least".to_owned())
        }
        Item::Time(milliseconds) if !milliseconds.is_multiple_of(tick(&Limits::default())) => {
            let step = tick(&Limits::default());
            fault(format!("processor time is counted in steps of {step} ms"))
        }
        _ => Ok(()),
    }
}

/// These bounds, as far as `items` do not lower them: the same ones, if nothing does.
pub(super) fn lowered<'i>(
    items: impl Iterator<Item = &'i Item>,
    host: &Arc<Limits>,
) -> Arc<Limits> {
    let of_host = of_host();
    let lower: Vec<&Item> =
        items.filter(|item| same(item, &of_host).is_some_and(|most| *item < most)).collect();
    if lower.is_empty() {
        return Arc::clone(host);
    }
    let mut limits = (**host).clone();
    for item in lower {
        match item {
            Item::Storage(bytes) => {
                let bytes = i64::try_from(*bytes).unwrap_or(i64::MAX);
                limits.storage.bytes = limits.storage.bytes.min(bytes);
            }
            Item::Memory(bytes) => {
                let bytes = usize::try_from(*bytes).unwrap_or(usize::MAX);
                limits.memory_bytes = limits.memory_bytes.min(bytes);
            }
            Item::Time(milliseconds) => {
                limits.ticks = limits.ticks.min((milliseconds / tick(host)).max(1));
            }
            Item::HostCalls(most) => limits.host_calls = limits.host_calls.min(*most),
            _ => {}
        }
    }
    Arc::new(limits)
}

/// Milliseconds between two ticks of the engine's clock.
fn tick(limits: &Limits) -> u32 {
    u32::try_from(limits.tick.as_millis()).unwrap_or(u32::MAX).max(1)
}
