//! A set of items.

use super::item::{Item, ItemFault};
use crate::contract::{Limits, Manifest, Slot};

/// What is asked for, or what is granted. Bounds always have a value: the host's, if nothing says
/// otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grants {
    items: Vec<Item>,
}

impl Grants {
    /// What every policy of a slot may do without a grant: no effect outside its call but log lines
    /// and metrics. Bounds are those of the host.
    pub fn base(_slot: Slot) -> Self {
        todo!()
    }

    /// What a component asks for: its manifest, and what it imports (names as admission's report
    /// has them, `auth:policy/storage@0.2.0#get`).
    pub fn asked<'i>(_manifest: &Manifest, _imports: impl IntoIterator<Item = &'i str>) -> Self {
        Self { items: Vec::new() }
    }

    /// From texts as the registry keeps them, over what every policy may do. Texts of a later
    /// version that cannot be read grant nothing.
    pub fn granted<'t>(_slot: Slot, _texts: impl IntoIterator<Item = &'t str>) -> Self {
        todo!()
    }

    /// As the registry keeps them: without what every policy may do.
    pub fn texts(&self) -> Vec<String> {
        todo!()
    }

    /// All of its items, in the order in which people read them.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.iter()
    }

    /// What is asked for and not granted by this.
    pub fn missing(&self, _asked: &Self) -> Vec<Item> {
        todo!()
    }

    /// Grants an item; refused beyond the host's bounds, and for what there is not.
    pub fn add(&mut self, _item: Item) -> Result<(), ItemFault> {
        todo!()
    }

    /// Grants it no more; false if it was not granted.
    pub fn remove(&mut self, _item: &Item) -> bool {
        todo!()
    }

    /// Grants all that another one has, too.
    pub fn and(&mut self, _other: &Self) {
        todo!()
    }

    /// The command that would grant these items to a place.
    pub fn command(_place: &str, _missing: &[Item]) -> String {
        todo!()
    }

    /// The bounds of a call of a policy that asks for this.
    pub fn limits(&self, limits: &Limits) -> Limits {
        limits.clone()
    }
}
