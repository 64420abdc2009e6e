//! The server of a listener: it accepts connections, serves each until the client leaves, idles too
//! long, gives way to others, or the service stops. It knows no endpoint: it is given a router.

mod answer;
mod idle;
mod listener;
mod place;
mod places;
mod refusal;
mod stream;
mod tls;

pub use listener::{Server, ServerLimits};
pub use places::ServerPaths;
pub use tls::{Tls, TlsError};

pub(super) use idle::peer as subscriber;
pub(super) use listener::Peer;
pub(super) use place::RequestDeadline;
pub(super) use refusal::refuse_if_full;
