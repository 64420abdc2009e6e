//! HTTP: a server for each listener, what every request passes, and the endpoints of the public and
//! of the admin listener, a folder each.

mod admin;
mod body;
mod caller;
mod cut_off;
mod errors;
mod forwarded;
mod framing;
mod held;
mod metrics;
mod observe;
mod openapi;
mod public;
mod server;
mod trace;
mod unread;

pub use admin::Admin;
pub use caller::{ForwardedHeader, TrustedProxies, UnknownClients};
pub use metrics::{ConnectionMetrics, EndpointMetrics, HttpMetrics};
pub use observe::Observing;
pub use openapi::Operation;
pub use public::{Health, Public};
pub use server::{Server, ServerLimits, ServerPaths, Tls, TlsError};
pub use unread::Leftovers;
