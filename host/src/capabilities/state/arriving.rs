//! Values that arrive from a policy, measured: their texts and bytes, and for each element of a
//! list what the host needs to hold it.

use crate::contract::bindings::throttle::Limit;

/// What the host needs for an element beside its text.
const ELEMENT: usize = 32;

/// A value that a policy hands over.
pub trait Arriving {
    /// How much the call is charged for it.
    fn bytes(&self) -> usize;
}

impl Arriving for String {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Arriving for Vec<u8> {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl<T: Arriving> Arriving for Option<T> {
    fn bytes(&self) -> usize {
        self.as_ref().map_or(0, T::bytes)
    }
}

impl Arriving for Vec<String> {
    fn bytes(&self) -> usize {
        self.iter().map(|text| text.len() + ELEMENT).sum()
    }
}

impl Arriving for Vec<(String, String)> {
    fn bytes(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + value.len() + ELEMENT).sum()
    }
}

impl Arriving for Vec<Limit> {
    fn bytes(&self) -> usize {
        self.iter().map(|limit| limit.key.len() + ELEMENT).sum()
    }
}
