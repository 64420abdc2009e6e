//! What a call came to, after the host's own checks: as much of it as two of them are compared by.
//! The values themselves are not kept, only keyed hashes, so that nothing of a person waits here.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::LazyLock;

use crate::contract::{Manifest, Refusal};
use crate::decisions::checks::{Checked, Granted, status};
use crate::policy::health::Cause;
use crate::policy::runtime::Decision;
use crate::store::Writes;

/// Of this process: nobody who writes a policy can make two values look alike.
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// What is compared if the decision is the same, in the order in which differences are told.
pub(super) const PARTS: [&str; 8] =
    ["claims", "session", "fields", "retry_after", "status", "attributes", "writes", "events"];

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upshot {
    pub(super) decided: Decided,
    /// A hash of each of [`PARTS`].
    pub(super) parts: [u64; PARTS.len()],
    /// A hash of what the caller reads.
    pub(super) message: u64,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decided {
    Accepted,
    /// With this code, which the manifest declares.
    Refused(String),
    /// Nothing: the policy spoiled the call.
    Fault(Cause),
}

impl Upshot {
    /// The policy spoiled the call.
    pub fn fault(cause: Cause) -> Self {
        Self { decided: Decided::Fault(cause), parts: Default::default(), message: 0 }
    }

    /// Whether it let somebody in.
    pub fn is_accepted(&self) -> bool {
        self.decided == Decided::Accepted
    }

    /// A decision that the host carries out, and what it commits.
    pub(in crate::decisions) fn of<C: Checked>(
        decision: &Decision<C::Acceptance>,
        writes: &Writes,
        manifest: &Manifest,
    ) -> Self {
        let none = Refusal::default();
        let (decided, granted, refusal) = match decision {
            Decision::Accepted(acceptance) => (Decided::Accepted, C::granted(acceptance), &none),
            Decision::Refused(refusal) => {
                (Decided::Refused(refusal.code.clone()), Granted::default(), refusal)
            }
        };
        Self {
            decided,
            parts: [
                print(granted.claims),
                print(granted.session_seconds),
                fields(refusal),
                print(refusal.retry_after),
                print(status(refusal, manifest)),
                print((granted.attributes, &writes.attributes)),
                written(writes),
                events(writes),
            ],
            message: message(refusal),
        }
    }
}

fn print(value: impl Hash) -> u64 {
    KEY.hash_one(value)
}

/// Which members are at fault, and how; in which order does not matter.
fn fields(refusal: &Refusal) -> u64 {
    let mut fields: Vec<_> =
        refusal.fields.iter().map(|field| (&field.field, &field.code)).collect();
    fields.sort_unstable();
    print(fields)
}

fn message(refusal: &Refusal) -> u64 {
    let mut fields: Vec<_> =
        refusal.fields.iter().map(|field| (&field.field, &field.code, &field.message)).collect();
    fields.sort_unstable();
    print((&refusal.message, fields))
}

/// All that changes rows but for attributes that are set. Writes to different rows may come in any
/// order, and of several to one row the last one counts, unless one asks for what another wrote.
fn written(writes: &Writes) -> u64 {
    let mut storage: Vec<_> =
        writes.storage.iter().map(|write| (&write.key, &write.expected, &write.value)).collect();
    storage.sort_by_key(|(key, ..)| *key);
    if storage.iter().all(|(_, expected, _)| expected.is_none()) {
        storage.reverse();
        storage.dedup_by_key(|(key, ..)| *key);
    }
    print((
        storage,
        sorted(&writes.removed_attributes),
        &writes.disable,
        sorted(&writes.revocations),
        sorted(&writes.throttle_clears),
    ))
}

fn events(writes: &Writes) -> u64 {
    let events = writes.events.iter();
    let events: Vec<_> =
        events.map(|event| (&event.event_type, &event.data, &event.ordering_key)).collect();
    print(events)
}

fn sorted<T: Ord>(values: &[T]) -> Vec<&T> {
    let mut sorted: Vec<&T> = values.iter().collect();
    sorted.sort_unstable();
    sorted
}

#[cfg(test)]
impl Upshot {
    /// Whose parts are all alike.
    pub(super) fn plain(decided: Decided) -> Self {
        Self { decided, parts: Default::default(), message: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::Field;
    use crate::store::StorageWrite;

    fn put(key: &str, value: &str) -> StorageWrite {
        let value = Some((value.as_bytes().to_vec(), 0));
        StorageWrite { key: key.into(), expected: None, value }
    }

    fn print_of(storage: &[StorageWrite]) -> u64 {
        written(&Writes { storage: storage.to_vec(), ..Writes::default() })
    }

    #[test]
    fn members_at_fault_may_come_in_any_order_with_their_messages() {
        let field = |name: &str, message: &str| Field {
            field: name.into(),
            code: "bad".into(),
            message: message.into(),
        };
        let refusal = |fields: &[Field]| Refusal { fields: fields.to_vec(), ..Refusal::default() };
        let (one, other) = (field("name", "no name"), field("age", "no age"));
        let (given, turned) =
            (refusal(&[one.clone(), other.clone()]), refusal(&[other.clone(), one]));
        assert_eq!((fields(&given), message(&given)), (fields(&turned), message(&turned)));
        let another = refusal(&[field("name", "another"), other]);
        assert_ne!(message(&given), message(&another));
    }

    #[test]
    fn writes_are_alike_if_they_leave_the_same() {
        let (first, last, other) = (put("a", "1"), put("a", "2"), put("b", "1"));
        let twice = print_of(&[first.clone(), other.clone(), last.clone()]);
        assert_eq!(twice, print_of(&[last.clone(), other.clone()]));
        assert_ne!(twice, print_of(&[first.clone(), other.clone()]));
        let asks = StorageWrite { expected: Some(None), ..first };
        assert_ne!(print_of(&[asks, last.clone()]), print_of(&[last]));
    }
}
