//! What the tests need to hold a whole service in their hands.

mod admin;
mod answer;
mod artifacts;
mod ballast;
mod builder;
mod consumer;
mod disk;
mod ending;
mod events;
mod exposition;
mod logs;
mod metrics;
mod person;
mod postgres;
mod process;
mod proxy;
mod rabbit;
mod raw;
mod servers;
mod service;
mod signals;
mod store;
mod wait;

pub(crate) use admin::{Admin, hex};
pub(crate) use answer::{Answer, Tokens};
pub(crate) use artifacts::{guest, guest_manifest, guest_names, policy, wit};
pub(crate) use ballast::slow_to_compile;
pub(crate) use builder::{JWT_SECRET, TestServiceBuilder};
pub(crate) use consumer::{Consumer, Message};
pub(crate) use disk::SmallDisk;
pub(crate) use logs::{lines_with, mark};
pub(crate) use metrics::{Metrics, Series};
pub(crate) use person::{Person, secret_text};
pub(crate) use postgres::{Postgres, TestDatabase, database};
pub(crate) use process::{Home, Outcome, Printed, Process};
pub(crate) use proxy::{Proxy, Sender};
pub(crate) use rabbit::{Broker, Rabbit, broker};
pub(crate) use raw::{Raw, post_bytes};
pub(crate) use service::TestService;
pub(crate) use signals::raise_file_limit;
pub(crate) use store::{OwnDatabase, on_postgres};
pub(crate) use wait::{eventually, in_time};

/// The three endpoints.
pub(crate) const ENDPOINTS: [&str; 3] = ["/auth/register", "/auth/login", "/auth/refresh"];
