//! Logins that ask services outside: the guest `asks_outside`, which puts into the token what it
//! was told.

use auth_host::contract::Slot;
use serde_json::{Value, json};

use crate::policies::claims;
use crate::support::{Person, TestService, TestServiceBuilder, guest};
use crate::swap::components::asking;

/// A service to be, whose logins may ask this, and are set so.
pub(super) fn logins(http: &[String], settings: &Value) -> TestServiceBuilder {
    logins_of("asks_outside", http, settings)
}

/// The same, of another guest.
pub(super) fn logins_of(name: &str, http: &[String], settings: &Value) -> TestServiceBuilder {
    let component = asking(&guest(name), json!({ "http": http }));
    TestService::with().component(Slot::Login, &component).policy_settings(Slot::Login, settings)
}

/// Its logins are set so from now on.
pub(super) async fn set(service: &TestService, settings: &Value) {
    let before = service.generation(Slot::Login).await;
    service.put("login.settings.json", settings.to_string().as_bytes());
    service.next_generation(Slot::Login, before).await;
}

/// What the policy is told when somebody new of this name logs in.
pub(crate) async fn told(service: &TestService, name: &str) -> String {
    let (person, _) = service.newcomer(name).await;
    told_again(service, &person).await
}

/// What the policy is told when this person logs in.
pub(super) async fn told_again(service: &TestService, person: &Person) -> String {
    let tokens = service.login(person).await.tokens();
    claims(&tokens.access)["told"].as_str().unwrap().to_owned()
}

/// How requests to an origin ended, and how many of them.
pub(crate) async fn outcomes(service: &TestService, origin: &str) -> Vec<(String, u64)> {
    let metrics = service.metrics().await;
    let labels = [("place", "login"), ("origin", origin)];
    let mut outcomes: Vec<(String, u64)> = metrics
        .matching("auth_policy_http_requests_total", &labels)
        .into_iter()
        .filter(|series| series.value > 0)
        .map(|series| (series.labels["outcome"].clone(), series.value))
        .collect();
    outcomes.sort();
    outcomes
}

/// One way in which requests ended.
pub(super) fn only(outcome: &str, count: u64) -> Vec<(String, u64)> {
    vec![(outcome.to_owned(), count)]
}
