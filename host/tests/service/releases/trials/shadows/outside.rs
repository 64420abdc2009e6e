//! Shadows of calls that ask other services: they are told what the calls were told, and send
//! nothing.

use std::sync::atomic::{AtomicUsize, Ordering};

use auth_host::contract::Slot;
use serde_json::json;

use super::Tried;
use super::tried::{MAY_ASK_NOBODY, kinds};
use crate::outside::{Manner, Outside, Said};

/// A service outside that never says the same twice.
async fn fickle() -> Outside {
    let (outside, count) = (Outside::start().await, AtomicUsize::new(0));
    let answer = move || count.fetch_add(1, Ordering::Relaxed).to_string();
    outside.at_path("/risk", Manner::computes(move |_| Said::new(200, answer())));
    outside
}

#[tokio::test]
async fn a_shadow_is_told_what_the_call_was_told_and_sends_nothing() {
    let outside = fickle().await;
    let url = format!("{}/risk", outside.origin());
    let settings = |name: &str| json!({ "url": url, "name": name, "times": 2 });
    let active = ("asks_outside", settings("active"));
    let tried = Tried::new(Slot::Login, active, ("asks_outside", settings("candidate"))).await;
    let (leo, _) = tried.service.newcomer("leo").await;
    for _ in 0..3 {
        tried.service.login(&leo).await.tokens();
    }
    // What was told is in the token, so it is compared.
    assert_eq!(tried.counted(3).await, kinds(&[("same", 3)]));
    assert_eq!(outside.asked().len(), 6, "a shadow sent something");
    tried.service.stop().await;
}

#[tokio::test]
async fn what_the_call_did_not_send_cannot_be_compared_and_is_not_sent() {
    let outside = fickle().await;
    let settings = |path: &str| json!({ "url": format!("{}{path}", outside.origin()) });
    let active = ("asks_outside", settings("/risk"));
    let tried = Tried::new(Slot::Login, active, ("asks_outside", settings("/other"))).await;
    let (leo, _) = tried.service.newcomer("leo").await;
    tried.service.login(&leo).await.tokens();
    assert_eq!(tried.counted(1).await, kinds(&[("not_comparable:asks_outside", 1)]));
    assert!(outside.asked().iter().all(|asked| asked.target == "/risk"), "a shadow sent something");
    tried.service.stop().await;
}

#[tokio::test]
async fn a_shadow_is_told_that_a_service_was_away_and_what_it_makes_of_it_is_compared() {
    let outside = Outside::start().await;
    outside.at_path("/risk", Manner::HangsUp);
    let url = format!("{}/risk", outside.origin());
    let settings = |name: &str| json!({ "url": url, "name": name });
    let active = ("asks_outside", settings("active"));
    let tried = Tried::new(Slot::Login, active, ("asks_outside", settings("candidate"))).await;
    let (leo, _) = tried.service.newcomer("leo").await;
    tried.service.login(&leo).await.tokens();
    assert_eq!(tried.counted(1).await, kinds(&[("same", 1)]));
    assert_eq!(outside.asked().len(), 1, "a shadow sent something");
    tried.service.stop().await;
}

/// Else it would be found out when the candidate serves.
#[tokio::test]
async fn a_candidate_that_may_not_ask_is_told_so_although_the_call_was_answered() {
    let outside = fickle().await;
    let url = format!("{}/risk", outside.origin());
    let settings = |name: &str| json!({ "url": url, "name": name });
    let active = ("asks_outside", settings("active"));
    let candidate = ("asks_outside", settings(MAY_ASK_NOBODY));
    let tried = Tried::new(Slot::Login, active, candidate).await;
    let (leo, _) = tried.service.newcomer("leo").await;
    tried.service.login(&leo).await.tokens();
    assert_eq!(tried.counted(1).await, kinds(&[("differs:claims", 1)]));
    assert_eq!(outside.asked().len(), 1, "a shadow sent something");
    tried.service.stop().await;
}
