//! What a request looks like outside, and what its call looks like inside.

use auth_host::contract::Slot;
use serde_json::json;

use super::asking::{logins, told};
use super::{Manner, Outside};
use crate::support::{Person, eventually};

#[tokio::test]
async fn the_callers_trace_goes_on() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let outside = Outside::start().await;
    let http = [format!("GET {} private", outside.origin())];
    let service = logins(&http, &json!({ "url": outside.origin() })).start().await;
    let (person, _) = service.newcomer("leo").await;
    let login = service
        .request("POST", "/auth/login")
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .json(&json!({ "email": person.email, "password": person.password }));
    service.send(login).await.tokens();
    let asked = outside.asked();
    let traceparent = asked[0].header("traceparent").unwrap();
    assert_eq!(traceparent.get(3..35), Some(TRACE), "{traceparent}");
    assert_ne!(traceparent.get(36..52), Some("00f067aa0ba902b7"), "the caller's own span");
    service.stop().await;
}

/// What is asked before the password is verified must not tell whether there is an account.
#[tokio::test]
async fn before_the_password_is_verified_an_unknown_account_looks_and_costs_the_same() {
    let outside = Outside::start().await;
    let http = [format!("GET {} private", outside.origin())];
    let settings = json!({ "url": format!("{}/risk", outside.origin()), "before": true });
    let service = logins(&http, &settings).start().await;
    let (known, _) = service.newcomer("leo").await;
    let unknown = Person::new("nobody");
    let mut seen = Vec::new();
    for person in [known, unknown] {
        let before = outside.asked().len();
        let hashes = service.count("auth_password_hash_total", &[]).await;
        let answer = service.login_with_wrong_password(&person).await;
        answer.refused(401, "invalid_credentials");
        let asked: Vec<_> = outside.asked()[before..]
            .iter()
            .map(|asked| {
                let mut headers = asked.headers.clone();
                headers.retain(|(name, _)| name != "traceparent");
                (asked.method.clone(), asked.target.clone(), headers, asked.body.clone())
            })
            .collect();
        assert_eq!(asked.len(), 1);
        let hashes = service.count("auth_password_hash_total", &[]).await - hashes;
        seen.push((answer.without_request_id(), asked, hashes));
    }
    assert_eq!(seen[0], seen[1]);
    service.stop().await;
}

/// Else the call would end while it waits, and its policy could not go on without an answer.
#[tokio::test]
async fn a_request_ends_before_its_call_does() {
    let outside = Outside::start().await;
    outside.at_path("/", Manner::NeverAnswers);
    let http = [format!("GET {} private", outside.origin())];
    let settings = json!({ "url": format!("{}/", outside.origin()), "timeout": 3000 });
    let service = logins(&http, &settings).setting("HTTP_SERVER_TIMEOUT", "2s").start().await;
    let (person, _) = service.newcomer("leo").await;
    // On a machine that is busy just then, what is left for the policy may be too little.
    eventually("a decision without an answer", async || {
        let answer = service.login(&person).await;
        (answer.status == 200).then_some(())
    })
    .await;
    service.stop().await;
}

#[tokio::test]
async fn the_time_of_a_request_is_the_hosts_and_not_the_policys() {
    let outside = Outside::start().await;
    outside.at_path("/", Manner::NeverAnswers);
    let http = [format!("GET {} private", outside.origin())];
    let settings = json!({ "url": format!("{}/", outside.origin()), "timeout": 1000 });
    let service = logins(&http, &settings).setting("HTTP_SERVER_TIMEOUT", "60s").start().await;
    // Five times the processor time that a policy has.
    assert_eq!(told(&service, "leo").await, "unavailable");
    let figures = service.app().generations.current(Slot::Login).unwrap().counts.figures();
    assert_eq!((figures.calls, figures.faults), (1, 0));
    let waited = figures.host_microseconds;
    assert!(waited >= 900_000, "{waited} microseconds are the host's");
    service.stop().await;
}
