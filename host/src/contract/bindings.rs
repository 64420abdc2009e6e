//! The WIT, as Rust sees it from the host: the traits that `capabilities` implements. One world
//! holds the imports of all three slots; a component is checked against its own world at admission.

wasmtime::component::bindgen!({
    path: "../wit",
    inline: "
        package auth:host;
        world host {
            include auth:policy/capabilities@0.2.0;
            import auth:policy/registering@0.2.0;
            import auth:policy/logging-in@0.2.0;
            import auth:policy/refreshing@0.2.0;
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
        "auth:policy/http.send": async | trappable,
        default: trappable,
    },
    trappable_error_type: { "auth:policy/types.failure" => crate::contract::TrappableFailure },
    with: {
        "auth:policy/types.caller": crate::contract::Caller,
        "auth:policy/types.refusal": crate::contract::Refusal,
        "auth:policy/accounts.account": crate::contract::AccountHandle,
        "auth:policy/passwords.password": crate::contract::PasswordHandle,
        "auth:policy/sessions.session": crate::store::Session,
        "auth:policy/http.request": crate::outgoing::OutgoingRequest,
        "auth:policy/http.response": crate::outgoing::OutgoingResponse,
        "auth:policy/registering.attempt": crate::contract::RegisterAttempt,
        "auth:policy/registering.acceptance": crate::contract::RegisterAcceptance,
        "auth:policy/logging-in.attempt": crate::contract::LoginAttempt,
        "auth:policy/logging-in.acceptance": crate::contract::LoginAcceptance,
        "auth:policy/refreshing.attempt": crate::contract::RefreshAttempt,
        "auth:policy/refreshing.acceptance": crate::contract::RefreshAcceptance,
    },
});

pub use auth::policy::*;
