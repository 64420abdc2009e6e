//! What a component asks for altogether: what its manifest says, and what it imports.

use super::form::Manifest;
use crate::contract::grants::imported;
use crate::contract::{Grants, Item};

impl Grants {
    /// What a component asks for: its manifest, and what it imports (names as admission's report
    /// has them, `auth:policy/storage@0.2.0#get`). Of a manifest that another host has read, what
    /// this one cannot read is not asked for: a policy may do no more than it asks.
    pub fn asked<'i>(manifest: &Manifest, imports: impl IntoIterator<Item = &'i str>) -> Self {
        let mut asked = Self::base(manifest.slot);
        let named = manifest.asks.interfaces.iter().flatten().map(String::as_str);
        let imported = imports.into_iter().filter_map(|import| Some(imported(import)?.0));
        for name in named.chain(imported) {
            let _ = asked.add(Item::Interface(name.to_owned()));
        }
        let Manifest { asks, events, claims, .. } = manifest;
        let http = asks.http.iter().map(|access| format!("http:{access}"));
        let bounds = asks.bounds().map(|(_, text)| text);
        let items = http.chain(bounds).filter_map(|text| text.parse().ok());
        let items = items
            .chain(events.iter().cloned().map(Item::Event))
            .chain(claims.iter().cloned().map(Item::Claim))
            .chain(asks.secrets.iter().cloned().map(Item::Secret));
        for item in items {
            let _ = asked.add(item);
        }
        asked
    }
}
