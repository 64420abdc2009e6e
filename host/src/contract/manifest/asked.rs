//! What a component asks for altogether: what its manifest says, and what it imports.

use super::form::Manifest;
use crate::contract::grants::imported;
use crate::contract::{Grants, Item};

impl Grants {
    /// What a component asks for: its manifest, and what it imports (names as admission's report
    /// has them, `auth:policy/storage@0.2.0#get`). Of a manifest that another host has read, what
    /// this one cannot read is not asked for: a policy may do no more than it asks.
    pub fn asked<'i>(manifest: &Manifest, imports: impl IntoIterator<Item = &'i str>) -> Self {
        Self::asked_and_unknown(manifest, imports).0
    }

    /// The same, and what else it asks for that this host does not know: a component for a later
    /// version of the contract may.
    pub fn asked_and_unknown<'i>(
        manifest: &Manifest,
        imports: impl IntoIterator<Item = &'i str>,
    ) -> (Self, Vec<String>) {
        let mut asked = Self::base(manifest.slot);
        let mut unknown = Vec::new();
        let named = manifest.asks.interfaces.iter().flatten().map(String::as_str);
        let imported = imports.into_iter().filter_map(|import| Some(imported(import)?.0));
        for name in named.chain(imported) {
            let item = Item::Interface(name.to_owned());
            if asked.add(item.clone()).is_err() {
                unknown.push(item.to_string());
            }
        }
        let Manifest { asks, events, claims, .. } = manifest;
        let http = asks.http.iter().map(|access| format!("http:{access}"));
        let bounds = asks.bounds().map(|(_, text)| text);
        let mut items = Vec::new();
        for text in http.chain(bounds) {
            match text.parse::<Item>() {
                Ok(item) => items.push(item),
                Err(_) => unknown.push(text),
            }
        }
        let items = items
            .into_iter()
            .chain(events.iter().cloned().map(Item::Event))
            .chain(claims.iter().cloned().map(Item::Claim))
            .chain(asks.secrets.iter().cloned().map(Item::Secret));
        for item in items {
            if asked.add(item.clone()).is_err() {
                unknown.push(item.to_string());
            }
        }
        unknown.dedup();
        (asked, unknown)
    }
}
