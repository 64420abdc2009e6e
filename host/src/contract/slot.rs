//! The places that a policy can have.

use std::fmt;

/// A place for a policy; its name is the export, the file, the settings and the metric's label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Slot {
    /// Decides who may register.
    Register,
    /// Decides who is let in.
    Login,
    /// Decides whether a session goes on.
    Refresh,
}

impl Slot {
    /// In the order of an account's life.
    pub const ALL: [Self; 3] = [Self::Register, Self::Login, Self::Refresh];

    /// As in paths, files and labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::Refresh => "refresh",
        }
    }

    /// The status of a refusal whose code does not name one.
    pub const fn default_refusal_status(self) -> u16 {
        match self {
            Self::Register => 400,
            Self::Login | Self::Refresh => 401,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One value for each slot. A slot that is added later cannot be forgotten: this does not compile
/// without it.
#[derive(Debug, Clone, Default)]
pub struct PerSlot<T> {
    register: T,
    login: T,
    refresh: T,
}

impl<T> PerSlot<T> {
    /// Makes each slot's value.
    pub fn from_fn(mut make: impl FnMut(Slot) -> T) -> Self {
        Self {
            register: make(Slot::Register),
            login: make(Slot::Login),
            refresh: make(Slot::Refresh),
        }
    }

    /// Makes each slot's value; the first error ends it.
    pub fn try_from_fn<E>(mut make: impl FnMut(Slot) -> Result<T, E>) -> Result<Self, E> {
        Ok(Self {
            register: make(Slot::Register)?,
            login: make(Slot::Login)?,
            refresh: make(Slot::Refresh)?,
        })
    }

    /// The value of one slot.
    pub const fn get(&self, slot: Slot) -> &T {
        match slot {
            Slot::Register => &self.register,
            Slot::Login => &self.login,
            Slot::Refresh => &self.refresh,
        }
    }

    /// The value of one slot, to change it.
    pub const fn get_mut(&mut self, slot: Slot) -> &mut T {
        match slot {
            Slot::Register => &mut self.register,
            Slot::Login => &mut self.login,
            Slot::Refresh => &mut self.refresh,
        }
    }
}
