//! What the tests need to hold a whole service in their hands.

mod answer;
mod artifacts;
mod builder;
mod logs;
mod metrics;
mod person;
mod process;
mod raw;
mod service;
mod wait;

pub(crate) use answer::{Answer, Tokens};
pub(crate) use artifacts::{guest, guest_names, policy, wit};
pub(crate) use builder::{JWT_SECRET, TestServiceBuilder};
pub(crate) use logs::{lines_with, mark};
pub(crate) use metrics::{Metrics, Series};
pub(crate) use person::{Person, secret_text};
pub(crate) use process::Process;
pub(crate) use raw::{Raw, post_bytes};
pub(crate) use service::TestService;
pub(crate) use wait::{eventually, in_time};

/// The three endpoints.
pub(crate) const ENDPOINTS: [&str; 3] = ["/auth/register", "/auth/login", "/auth/refresh"];
