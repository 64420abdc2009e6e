//! The rules of the member `asks`: what is asked for must be something that can be granted.

use std::collections::BTreeSet;

use super::asks_fault::AsksFault;
use super::fault::{ManifestFault, shown};
use crate::contract::grants::{check_bound, is_secret_name};
use crate::contract::{Asks, Grants, Item, ItemFault, Slot};
use crate::outgoing::Access;

const MOST_ORIGINS: usize = 16;
const MOST_SECRETS: usize = 8;

pub(super) fn check(asks: &Asks, slot: Slot, faults: &mut Vec<ManifestFault>) {
    check_interfaces(asks, slot, faults);
    check_http(asks, faults);
    if asks.secrets.len() > MOST_SECRETS {
        faults.push(AsksFault::SecretCount.into());
    }
    for name in asks.secrets.iter().filter(|name| !is_secret_name(name)) {
        faults.push(AsksFault::SecretName(shown(name)).into());
    }
    for (member, text) in asks.bounds() {
        let item = text.parse::<Item>().and_then(|item| check_bound(&item));
        if let Err(ItemFault(reason)) = item {
            faults.push(AsksFault::Bound { member, reason }.into());
        }
    }
}

fn check_interfaces(asks: &Asks, slot: Slot, faults: &mut Vec<ManifestFault>) {
    let mut known = Grants::base(slot);
    for name in asks.interfaces.iter().flatten() {
        let item = format!("interface:{name}").parse().and_then(|item| known.add(item));
        if let Err(ItemFault(reason)) = item {
            faults.push(AsksFault::Interface(reason).into());
        }
    }
}

fn check_http(asks: &Asks, faults: &mut Vec<ManifestFault>) {
    if asks.http.len() > MOST_ORIGINS {
        faults.push(AsksFault::OriginCount.into());
    }
    let mut origins = BTreeSet::new();
    for text in &asks.http {
        match text.parse::<Access>() {
            Ok(access) => {
                let origin = access.origin();
                if !origins.insert(origin.clone()) {
                    faults.push(AsksFault::OriginTwice(shown(&origin)).into());
                }
            }
            Err(reason) => {
                faults.push(AsksFault::Origin { text: shown(text), reason }.into());
            }
        }
    }
}
