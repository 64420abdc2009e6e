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

impl Asks {
    /// Whether it says nothing: hosts of before do not know the member, and read such a manifest.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Its bounds as texts of items, each with the member that it stands in.
    pub fn bounds(&self) -> impl Iterator<Item = (&'static str, String)> {
        let text = |kind: &'static str, value: &Option<String>| {
            value.as_ref().map(|value| (kind, format!("{kind}:{value}")))
        };
        let host_calls = self.host_calls.map(|most| ("host_calls", format!("host-calls:{most}")));
        let bounds = [
            text("storage", &self.storage),
            text("memory", &self.memory),
            text("time", &self.time),
            host_calls,
        ];
        bounds.into_iter().flatten()
    }
}
