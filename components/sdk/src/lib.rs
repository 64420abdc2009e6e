//! Write a policy of auth-host in Rust.
//!
//! A policy is one function from an attempt to a decision, named to the macro of its slot:
//!
//! ```
//! use auth_policy_sdk::login::{Acceptance, Attempt};
//! use auth_policy_sdk::throttle::Limit;
//! use auth_policy_sdk::{Rejection, accounts, refused, verify};
//!
//! auth_policy_sdk::login!(login);
//!
//! fn login(attempt: &Attempt) -> Result<Acceptance, Rejection> {
//!     let email = attempt.email();
//!     let account = accounts::find_by_email(&email)?;
//!     let limit = Limit::new(format!("account:{email}"), 10, 300);
//!     let verified = verify(&attempt.password(), account.as_ref(), [limit])?;
//!     match account {
//!         Some(account) if verified && !account.disabled() => Ok(Acceptance::new(&account)),
//!         _ => Err(refused("invalid_credentials", "invalid email or password")),
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! Each module is one interface of the contract, `wit/policy.wit`, with its comments; they say what
//! each function means, what it costs and how it fails. The macros also install a panic hook that
//! logs where a policy panicked, and the crate brings the allocator. The policy is compiled as a
//! `cdylib` for `wasm32-unknown-unknown` and needs no other dependency.

#![warn(missing_docs)]

#[cfg(target_arch = "wasm32")]
mod arena;
#[doc(hidden)]
pub mod bindings;
pub mod http;
pub mod json;
mod panics;
mod prose;

pub use bindings::capabilities::auth::policy::types::{
    self, AccountId, Caller, Failure, Json, Refusal, Rejection, Timestamp,
};
pub use bindings::capabilities::auth::policy::{
    accounts, clock, log, metrics, outbox, passwords, random, sessions, settings, storage, throttle,
};
#[doc(hidden)]
pub use panics::report_panics;
pub use prose::{enforce, refused, setting, verify};

/// What a registration policy is asked with, and answers with. See [`register!`].
pub mod register {
    pub use crate::bindings::register::auth::policy::registering::{Acceptance, Attempt};
}

/// What a login policy is asked with, and answers with. See [`login!`].
pub mod login {
    pub use crate::bindings::login::auth::policy::logging_in::{Acceptance, Attempt};
}

/// What a refresh policy is asked with, and answers with. See [`refresh!`].
pub mod refresh {
    pub use crate::bindings::refresh::auth::policy::refreshing::{Acceptance, Attempt};
}

/// Makes a function `fn(&register::Attempt) -> Result<register::Acceptance, Rejection>` the
/// registration policy of this component.
#[macro_export]
macro_rules! register {
    ($policy:path) => {
        $crate::slot!(register, export_register, $policy);
    };
}

/// Makes a function `fn(&login::Attempt) -> Result<login::Acceptance, Rejection>` the login policy
/// of this component.
#[macro_export]
macro_rules! login {
    ($policy:path) => {
        $crate::slot!(login, export_login, $policy);
    };
}

/// Makes a function `fn(&refresh::Attempt) -> Result<refresh::Acceptance, Rejection>` the refresh
/// policy of this component.
#[macro_export]
macro_rules! refresh {
    ($policy:path) => {
        $crate::slot!(refresh, export_refresh, $policy);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! slot {
    ($slot:ident, $export:ident, $policy:path) => {
        const _: () = {
            struct Policy;
            impl $crate::bindings::$slot::exports::auth::policy::$slot::Guest for Policy {
                fn $slot(
                    attempt: &$crate::$slot::Attempt,
                ) -> Result<$crate::$slot::Acceptance, $crate::Rejection> {
                    $crate::report_panics();
                    $policy(attempt)
                }
            }
            $crate::bindings::$slot::$export! { Policy with_types_in $crate::bindings::$slot }
        };
    };
}
