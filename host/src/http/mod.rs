//! HTTP: a server for each listener, what every request passes, and the endpoints of the public
//! listener. Another listener is another router in a folder beside `public`.

mod body;
mod caller;
mod errors;
mod held;
mod metrics;
mod observe;
mod openapi;
mod public;
mod server;
mod trace;

pub use caller::TrustedProxies;
pub use metrics::{ConnectionMetrics, EndpointMetrics, HttpMetrics};
pub use observe::Observing;
pub use openapi::Operation;
pub use public::{Health, Public};
pub use server::{Server, ServerLimits, ServerPaths};
