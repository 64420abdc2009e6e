//! The public listener: what gateway-service calls, and what machines of the operator look at.

mod documents;
mod endpoint;
mod health;
mod login;
mod metrics;
mod refresh;
mod register;
mod router;

pub use health::Health;
pub use router::Public;
