//! What policies of a place may do: looked at, granted, and granted no more.

use std::str::FromStr as _;

use super::access::Caller;
use super::core::{Administration, change};
use super::gating::texts;
use super::refusals::{of_registry, of_store};
use super::views::{GrantsView, NewGrantsView};
use super::{codes, input};
use crate::contract::{Grants, Item, Slot};
use crate::errors::ApiError;
use crate::policy::trust::texts_granted;
use crate::store::StoreError;
use crate::store::registry::{RegistryError, RegistryRefusal};

/// How often a change is tried if somebody else grants something meanwhile.
const TRIES: usize = 5;
/// The most items of a change.
const MOST_ITEMS: usize = 256;

impl Administration {
    /// What policies of a place may do.
    pub async fn grants(&self, place: &str) -> Result<GrantsView, ApiError> {
        let slot = input::place(place)?;
        self.read_grants(slot).await.map_err(|error| of_store(&error))
    }

    /// Grants something to a place, or no more. What serves is not touched.
    pub async fn change_grants(
        &self,
        caller: &Caller,
        place: &str,
        new: &NewGrantsView,
    ) -> Result<GrantsView, ApiError> {
        let slot = input::place(place)?;
        let change = change(caller, &new.message)?;
        let wanted = self.wanted(slot, new).await?;
        let mut tries = TRIES;
        loop {
            let before = self.store.grants(place).await.map_err(|error| of_store(&error))?;
            let mut granted = self.before(slot, before.as_deref()).await?;
            wanted.change(&mut granted)?;
            let (expected, granted) = (before.as_deref(), granted.texts());
            match self.store.grants_set(place, expected, &granted, &change).await {
                Err(RegistryError::Refused(RegistryRefusal::GrantedMeanwhile { .. }))
                    if tries > 0 =>
                {
                    tries -= 1;
                }
                Err(error) => return Err(of_registry(error)),
                Ok(()) => break,
            }
        }
        tracing::info!(
            place,
            added = new.add.join(", "),
            release = new.release,
            removed = new.remove.join(", "),
            by = caller.name,
            "what a place is granted was changed"
        );
        self.grants(place).await
    }

    /// What a change begins with: where nobody ever granted anything and something serves, what
    /// that and what is kept ready asks for. An upgrade takes nothing away.
    async fn before(&self, slot: Slot, texts: Option<&[String]>) -> Result<Grants, ApiError> {
        let read = async {
            match (texts, self.place(slot).await?) {
                (None, Some(state)) => self.gate.of_upgrade(slot, &state).await,
                _ => Ok(texts_granted(slot, texts)),
            }
        };
        read.await.map_err(|error: StoreError| of_store(&error))
    }

    /// What somebody asks for, item by item.
    async fn wanted(&self, slot: Slot, new: &NewGrantsView) -> Result<Wanted, ApiError> {
        let release = match new.release {
            None => None,
            Some(number) if number < 1 => {
                return Err(input::wrong("release", "is not the number of a release, such as 41"));
            }
            Some(number) => Some(self.asked_by(slot, number).await?),
        };
        let wanted =
            Wanted { add: items("add", &new.add)?, remove: items("remove", &new.remove)?, release };
        if wanted.add.is_empty() && wanted.remove.is_empty() && wanted.release.is_none() {
            let message = "names nothing, nor does remove, nor is there a release";
            return Err(input::wrong("add", message));
        }
        Ok(wanted)
    }

    async fn asked_by(&self, slot: Slot, number: i64) -> Result<Grants, ApiError> {
        let asked = async {
            match self.store.release(slot.as_str(), number).await? {
                Some(release) => self.gate.asked(slot, &release).await.map(Some),
                None => Ok(None),
            }
        };
        asked.await.map_err(|error: StoreError| of_store(&error))?.ok_or_else(|| {
            let message = format!("there is no release {slot}/{number}. It may have been pruned");
            ApiError::with_message(codes::NO_RELEASE, message)
        })
    }

    async fn read_grants(&self, slot: Slot) -> Result<GrantsView, StoreError> {
        let granted = texts_granted(slot, self.store.grants(slot.as_str()).await?.as_deref());
        let asked = match self.place(slot).await? {
            Some(state) => match self.store.release(slot.as_str(), state.active).await? {
                Some(release) => Some(self.gate.asked(slot, &release).await?.texts()),
                None => None,
            },
            None => None,
        };
        let base: Vec<Item> = Grants::base(slot).items().cloned().collect();
        Ok(GrantsView {
            place: slot.as_str().to_owned(),
            granted: granted.texts(),
            base: texts(&base),
            asked,
            all: self.gate.grants_all(),
        })
    }
}

/// What somebody asks for.
struct Wanted {
    add: Vec<Item>,
    remove: Vec<Item>,
    release: Option<Grants>,
}

impl Wanted {
    fn change(&self, granted: &mut Grants) -> Result<(), ApiError> {
        if let Some(asked) = &self.release {
            granted.and(asked);
            let checked = granted.check();
            checked.map_err(|fault| input::wrong("release", &fault.to_string()))?;
        }
        for (index, item) in self.add.iter().enumerate() {
            let added = granted.add(item.clone());
            added.map_err(|fault| input::wrong(&format!("add[{index}]"), &fault.to_string()))?;
        }
        for (index, item) in self.remove.iter().enumerate() {
            if !granted.remove(item) {
                let message = format!("{item} is not granted. See policy grants");
                return Err(input::wrong(&format!("remove[{index}]"), &message));
            }
        }
        Ok(())
    }
}

fn items(field: &str, texts: &[String]) -> Result<Vec<Item>, ApiError> {
    if texts.len() > MOST_ITEMS {
        return Err(input::wrong(field, &format!("has more than {MOST_ITEMS} items")));
    }
    let items = texts.iter().enumerate().map(|(index, text)| {
        let item = Item::from_str(text);
        item.map_err(|fault| input::wrong(&format!("{field}[{index}]"), &fault.to_string()))
    });
    items.collect()
}
