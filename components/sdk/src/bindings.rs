//! What wit-bindgen makes of `wit/policy.wit`: the capabilities once, and one module for each slot
//! which shares them.
//!
//! A slot's exports are asked for by its macro alone (`pub_export_macro`), so a login component
//! carries no other slot's exports.
#![expect(clippy::pedantic, reason = "generated code")]

/// The interfaces that every policy may import.
pub mod capabilities {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "capabilities",
        generate_unused_types: true,
        disable_run_ctors_once_workaround: true,
    });
}

/// Generates a slot's world over the shared capabilities.
macro_rules! slot {
    ($world:literal, $export:literal) => {
        wit_bindgen::generate!({
            path: "../../wit",
            world: $world,
            pub_export_macro: true,
            export_macro_name: $export,
            disable_run_ctors_once_workaround: true,
            with: {
                "auth:policy/types@0.2.0": crate::types,
                "auth:policy/accounts@0.2.0": crate::accounts,
                "auth:policy/passwords@0.2.0": crate::passwords,
                "auth:policy/sessions@0.2.0": crate::sessions,
                "auth:policy/storage@0.2.0": crate::storage,
                "auth:policy/throttle@0.2.0": crate::throttle,
                "auth:policy/outbox@0.2.0": crate::outbox,
                "auth:policy/metrics@0.2.0": crate::metrics,
                "auth:policy/log@0.2.0": crate::log,
                "auth:policy/settings@0.2.0": crate::settings,
                "auth:policy/clock@0.2.0": crate::clock,
                "auth:policy/random@0.2.0": crate::random,
                "auth:policy/http@0.2.0": crate::http,
            },
        });
    };
}

/// The world `register-policy`.
pub mod register {
    slot!("register-policy", "export_register");
}

/// The world `login-policy`.
pub mod login {
    slot!("login-policy", "export_login");
}

/// The world `refresh-policy`.
pub mod refresh {
    slot!("refresh-policy", "export_refresh");
}
