//! Settings, from the environment or a `.env` file (the environment wins). Every wrong value is
//! reported at start, all at once. Each part of the service has settings of its own type; they are
//! read here.

mod admin;
mod client;
mod environment;
mod faults;
mod http;
mod judgement;
mod memory;
mod outside;
mod policies;
mod reader;
mod services;
mod sessions;
mod settings;
mod trust;
mod values;

pub use admin::{AdminConfig, TlsFiles};
pub use client::ClientConfig;
pub use faults::ConfigError;
pub use http::HttpConfig;
pub use reader::Secret;
pub use sessions::SessionConfig;
pub use settings::Config;
pub use values::{duration as parse_duration, end_of as parse_end};
