//! What the host answered in a call, so that a shadow of it gets the same answers: by function and
//! arguments. A call that is recorded writes it down; a shadow reads it, and ends where it asks
//! what nobody can tell it any more.

mod answers;
mod kinds;
mod live;
mod of_call;
mod questions;
mod recorder;
mod replay;
mod room;
mod sizes;
mod wrote;

pub use answers::Question;
pub use live::LiveReads;
pub use of_call::Journal;
pub use questions::{
    BreachPrefix, FindByEmail, Hit, HttpSend, IsBreached, IsInBreach, OpenSessions, RandomBytes,
    Read, StorageGet, Strength, Verify,
};
pub use recorder::{Recorder, Recording};
pub use replay::Ended;

#[cfg(test)]
mod tests;
