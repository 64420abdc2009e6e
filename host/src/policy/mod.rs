//! Policies: components that decide. This module owns their way from bytes to a running generation,
//! and each single call.

pub mod admission;
pub mod bindings;
pub mod cache;
pub mod call;
pub mod engine;
pub mod fault;
pub mod files;
pub mod generations;
pub mod limits;
pub mod manifest;
#[cfg(feature = "native-policies")]
pub mod native;
pub mod pack;
pub mod source;

use std::fmt;

/// One of the three places that a policy can have; its name is the route, the export, the file and
/// the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Slot {
    /// `POST /auth/register`.
    Register,
    /// `POST /auth/login`.
    Login,
    /// `POST /auth/refresh`.
    Refresh,
}

impl Slot {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Register, Self::Login, Self::Refresh];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::Refresh => "refresh",
        }
    }

    /// The status of a refusal whose code does not name one.
    pub const fn default_refusal_status(self) -> u16 {
        match self {
            Self::Register => 400,
            Self::Login | Self::Refresh => 401,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
