//! The WIT, as Rust sees it from the host: the traits that `capabilities` implements. One world
//! holds the imports of all three slots; a component is checked against its own world at admission.

#![expect(missing_docs, reason = "generated from the WIT, whose comments are its documentation")]

wasmtime::component::bindgen!({
    path: "../wit",
    inline: "
        package auth:host;
        world host {
            include auth:policy/capabilities@0.1.0;
            import auth:policy/registering@0.1.0;
            import auth:policy/logging-in@0.1.0;
            import auth:policy/refreshing@0.1.0;
        }
    ",
    world: "auth:host/host",
    imports: {
        "auth:policy/accounts.find-by-email": async | trappable,
        "auth:policy/accounts.find": async | trappable,
        "auth:policy/passwords.[method]password.strength": async | trappable,
        "auth:policy/passwords.[method]password.is-breached": async | trappable,
        "auth:policy/passwords.verify": async | trappable,
        "auth:policy/sessions.open-sessions": async | trappable,
        "auth:policy/storage.get": async | trappable,
        "auth:policy/throttle.hit": async | trappable,
        default: trappable,
    },
    trappable_error_type: { "auth:policy/types.failure" => crate::capabilities::Stop },
    with: {
        "auth:policy/types.caller": crate::capabilities::Caller,
        "auth:policy/types.refusal": crate::capabilities::Refusal,
        "auth:policy/accounts.account": crate::capabilities::AccountHandle,
        "auth:policy/passwords.password": crate::capabilities::PasswordHandle,
        "auth:policy/sessions.session": crate::store::Session,
        "auth:policy/registering.attempt": crate::capabilities::RegisterAttempt,
        "auth:policy/registering.acceptance": crate::capabilities::RegisterAcceptance,
        "auth:policy/logging-in.attempt": crate::capabilities::LoginAttempt,
        "auth:policy/logging-in.acceptance": crate::capabilities::LoginAcceptance,
        "auth:policy/refreshing.attempt": crate::capabilities::RefreshAttempt,
        "auth:policy/refreshing.acceptance": crate::capabilities::RefreshAcceptance,
    },
});

pub use auth::policy::*;
