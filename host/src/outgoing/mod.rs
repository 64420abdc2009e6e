//! Requests of policies to other services. Nothing here knows policies: who may ask whom is handed
//! in with each request.
//!
//! The rule: a name is resolved once, every address that it has is looked at, and only those are
//! connected to; and every answer is bounded before it is read: what is kept of it in bytes, the
//! reading itself in time. What a compressed answer costs to read without giving a byte, only the
//! time bounds.

mod access;
mod address;
pub mod bounds;
mod checked;
mod circuit;
mod client;
mod exchange;
mod fault;
mod metrics;
mod outcome;
mod request;
mod resolver;
mod sender;
mod settings;
mod turn;
mod way;

pub use access::{Access, Scheme};
pub use fault::OutgoingFault;
pub use request::{OutgoingRequest, OutgoingResponse};
pub use sender::Outgoing;
pub use settings::OutgoingSettings;
