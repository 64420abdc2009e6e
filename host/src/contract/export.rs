//! What the export of each slot takes and gives.

use wasmtime::component::Resource;

use super::bindings::types::Rejection;
use super::{
    LoginAcceptance, LoginAttempt, RefreshAcceptance, RefreshAttempt, RegisterAcceptance,
    RegisterAttempt, Slot,
};

/// What the export of a slot takes and gives.
pub trait Contract: 'static {
    /// The place whose export this is.
    const SLOT: Slot;
    /// The resource that it is asked with.
    type Attempt: 'static;
    /// The resource with which it says yes.
    type Acceptance: Send + 'static;
}

macro_rules! contract {
    ($name:ident, $attempt:ty, $acceptance:ty) => {
        #[doc = concat!("The contract of the slot `", stringify!($name), "`.")]
        pub struct $name;
        impl Contract for $name {
            const SLOT: Slot = Slot::$name;
            type Attempt = $attempt;
            type Acceptance = $acceptance;
        }
    };
}

contract!(Register, RegisterAttempt, RegisterAcceptance);
contract!(Login, LoginAttempt, LoginAcceptance);
contract!(Refresh, RefreshAttempt, RefreshAcceptance);

/// What a policy's function returns.
pub type Returned<C> = Result<Resource<<C as Contract>::Acceptance>, Rejection>;
