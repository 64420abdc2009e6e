//! The member `asks` of a manifest.

use serde::{Deserialize, Serialize};

/// What a policy asks for, as its manifest writes it. What is left out is not asked for; interfaces
/// that are left out altogether are those that the component imports, bounds are those of the host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asks {
    /// Names of interfaces of the WIT: `["accounts", "http"]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interfaces: Option<Vec<String>>,
    /// Origins that it asks: `["GET https://api.example.com"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<String>,
    /// Names of secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// Bytes that the place may keep in `storage`: `"1MiB"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<String>,
    /// Linear memory of a call: `"8MiB"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// Processor time of a call: `"100ms"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Counted host calls of a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_calls: Option<u32>,
}
