//! The code that is loaded, by slot and digest: releases that differ in their settings alone have
//! it once, however many of them are kept ready. What nothing serves or keeps ready any more is
//! gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::contract::Slot;
use crate::policy::runtime::Code;

/// The code that is loaded.
#[derive(Default)]
pub(super) struct Loaded {
    codes: Mutex<HashMap<(Slot, String), Weak<Code>>>,
}

impl Loaded {
    pub(super) fn get(&self, slot: Slot, digest: &str) -> Option<Arc<Code>> {
        let codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.get(&(slot, digest.to_owned())).and_then(Weak::upgrade)
    }

    pub(super) fn keep(&self, slot: Slot, digest: &str, code: &Arc<Code>) {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|_, code| code.strong_count() > 0);
        codes.insert((slot, digest.to_owned()), Arc::downgrade(code));
    }
}
