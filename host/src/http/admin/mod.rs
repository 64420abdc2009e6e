//! The admin listener: what people and their scripts ask of the registry of policies. Never on the
//! public port.
//!
//! One file an endpoint, with its description beside the handler; each says first which role it
//! needs.

mod component_get;
mod component_put;
mod deployment_begin;
mod deployment_cancel;
mod deployment_show;
mod described;
mod documents;
mod endpoint;
mod freeze;
mod grants;
mod health;
mod history;
mod host;
mod prune;
mod query;
mod release_add;
mod release_show;
mod releases;
mod rollback;
mod rollout_change;
mod rollout_show;
mod router;
mod signatures;
mod status;
mod unfreeze;

pub use router::Admin;
