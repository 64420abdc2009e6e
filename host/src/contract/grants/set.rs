//! A set of items.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::item::{Item, ItemFault};
use super::{bounds, interfaces};
use crate::contract::{Limits, Slot};
use crate::outgoing::Access;

/// The most items of a place, what every policy may do included: they are read with the place.
const MOST: usize = 256;

/// What is asked for, or what is granted. Bounds always have a value: the host's, if nothing says
/// otherwise. Of one origin there is one item, with all methods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grants {
    slot: Slot,
    items: BTreeSet<Item>,
}

impl Grants {
    /// What every policy of a slot may do without a grant: no effect outside its call but log lines
    /// and metrics. Bounds are those of the host.
    pub fn base(slot: Slot) -> Self {
        let free = interfaces::FREE.into_iter().chain([interfaces::attempt(slot)]);
        let free = free.map(|name| Item::Interface(name.to_owned()));
        Self { slot, items: free.chain(bounds::of_host()).collect() }
    }

    /// From texts as the registry keeps them, over what every policy may do. Texts of a later
    /// version that cannot be read grant nothing.
    pub fn granted<'t>(slot: Slot, texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut granted = Self::base(slot);
        for item in texts.into_iter().filter_map(|text| text.parse().ok()) {
            let _ = granted.add(item);
        }
        granted
    }

    /// As the registry keeps them: without what every policy may do.
    pub fn texts(&self) -> Vec<String> {
        let base = Self::base(self.slot);
        self.items.difference(&base.items).map(ToString::to_string).collect()
    }

    /// All of its items, in the order in which people read them.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.iter()
    }

    /// Whom it names, with which methods.
    pub fn accesses(&self) -> impl Iterator<Item = &Access> {
        self.items.iter().filter_map(|item| match item {
            Item::Http(access) => Some(access),
            _ => None,
        })
    }

    /// Whether it names this secret.
    pub fn has_secret(&self, name: &str) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Secret(known) if known == name))
    }

    /// What is asked for and not granted by this.
    pub fn missing(&self, asked: &Self) -> Vec<Item> {
        asked.items.iter().filter(|item| !self.covers(item)).cloned().collect()
    }

    /// Grants an item; refused beyond the host's bounds, and for what there is not. A bound takes
    /// the place of the one before; methods of one origin come together.
    pub fn add(&mut self, item: Item) -> Result<(), ItemFault> {
        bounds::check_bound(&item)?;
        if let Item::Interface(name) = &item
            && !interfaces::is_known(self.slot, name)
        {
            let slot = self.slot;
            return Err(ItemFault(format!("\"{item}\": a {slot} policy has no such interface")));
        }
        if self.items.len() >= MOST && self.grows_with(&item) {
            return Err(ItemFault(format!("a place has at most {MOST} grants")));
        }
        self.put(item);
        Ok(())
    }

    /// Grants it no more; false if it was not granted. Of an origin the methods that are named are
    /// taken away; a bound is the host's again.
    pub fn remove(&mut self, item: &Item) -> bool {
        if Self::base(self.slot).items.contains(item) || !self.covers(item) {
            return false;
        }
        if let Item::Http(access) = item {
            let Some(mut rest) = self.take_access(access) else { return false };
            rest.methods.retain(|method| !access.methods.contains(method));
            if !rest.methods.is_empty() {
                self.items.insert(Item::Http(rest));
            }
            return true;
        }
        let was_there = self.items.remove(item);
        if was_there && let Some(of_host) = bounds::same(item, &bounds::of_host()) {
            self.items.insert(of_host.clone());
        }
        was_there
    }

    /// Grants all that another one has, too; of two bounds the larger one.
    pub fn and(&mut self, other: &Self) {
        for item in &other.items {
            if !self.covers(item) {
                self.put(item.clone());
            }
        }
    }

    /// Refused if there are more than a place can have: `and` takes all that is asked for.
    pub fn check(&self) -> Result<(), ItemFault> {
        if self.items.len() > MOST {
            return Err(ItemFault(format!("a place has at most {MOST} grants")));
        }
        Ok(())
    }

    /// The command that would grant these items to a place.
    pub fn command(place: &str, missing: &[Item]) -> String {
        let items = missing.iter().map(|item| format!(" {}", quoted(&item.to_string())));
        format!("auth-host policy grant {place}{}", items.collect::<String>())
    }

    /// The bounds of a call of a policy that asks for this: those of the host, the same value, if
    /// it asks for no less.
    pub fn limits(&self, limits: &Arc<Limits>) -> Arc<Limits> {
        bounds::lowered(self.items.iter(), limits)
    }

    /// Adds an item that was checked.
    fn put(&mut self, item: Item) {
        let item = match item {
            Item::Http(mut access) => {
                if let Some(known) = self.take_access(&access) {
                    access.methods.extend(known.methods);
                    access.redirects |= known.redirects;
                    access.private |= known.private;
                }
                Item::Http(access)
            }
            bound if bound.is_bound() => {
                let kind = std::mem::discriminant(&bound);
                self.items.retain(|other| std::mem::discriminant(other) != kind);
                bound
            }
            other => other,
        };
        self.items.insert(item);
    }

    /// Whether it is not merely put in the place of another one.
    fn grows_with(&self, item: &Item) -> bool {
        match item {
            Item::Http(access) => !self.accesses().any(|own| is_of_one_origin(own, access)),
            other => !other.is_bound() && !self.items.contains(other),
        }
    }

    fn covers(&self, item: &Item) -> bool {
        let kind = std::mem::discriminant(item);
        let of_kind = || self.items.iter().filter(|own| std::mem::discriminant(*own) == kind);
        match item {
            Item::Http(access) => self.accesses().any(|own| own.allows(access)),
            bound if bound.is_bound() => of_kind().any(|own| own >= bound),
            other => self.items.contains(other),
        }
    }

    /// Takes out what it has of the same origin.
    fn take_access(&mut self, access: &Access) -> Option<Access> {
        let own = self.accesses().find(|own| is_of_one_origin(own, access))?.clone();
        self.items.remove(&Item::Http(own.clone()));
        Some(own)
    }
}

fn is_of_one_origin(one: &Access, other: &Access) -> bool {
    (one.scheme, &one.host, one.port) == (other.scheme, &other.host, other.port)
}

/// As a shell takes it for one word.
pub fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_:./,".contains(c);
    if text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
