//! The wire contract: what the systems around the service rely on.

mod documents;
mod endpoints;
mod events;
mod failures;
mod metrics;
mod request_id;
mod tokens;
