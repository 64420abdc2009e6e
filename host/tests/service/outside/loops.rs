//! Policies that ask too much, or what they may not ask.

use serde_json::{Value, json};

use super::Outside;
use super::asking::{logins, logins_of, only, outcomes, set, told_again};

#[tokio::test]
async fn a_policy_that_asks_in_a_loop_sends_four_requests_and_is_ended() {
    let outside = Outside::start().await;
    let http = [format!("GET {} private", outside.origin())];
    let settings = json!({ "url": outside.origin() });
    let service = logins_of("asks_outside_in_a_loop", &http, &settings).start().await;
    let (person, _) = service.newcomer("leo").await;
    service.login(&person).await.refused(503, "policy_fault");
    let labels = [("slot", "login"), ("cause", "host_calls")];
    assert_eq!(service.count("auth_policy_faults_total", &labels).await, 1);
    assert_eq!(outside.asked().len(), 4);
    service.stop().await;
}

#[tokio::test]
async fn what_a_request_may_not_have_is_told_and_nothing_is_sent() {
    let outside = Outside::start().await;
    let origin = outside.origin();
    let http = [format!("GET,POST {origin} private")];
    let with = |member: &str, value: Value| {
        let mut settings = json!({ "url": format!("{origin}/") });
        settings[member] = value;
        settings
    };
    let service = logins(&http, &with("method", json!("PUT"))).start().await;
    let (person, _) = service.newcomer("leo").await;
    for (settings, begins) in [
        (with("method", json!("PUT")), "denied: "),
        (with("method", json!("get")), "denied: "),
        (with("url", json!(format!("http://127.0.0.2:{}/", outside.port()))), "denied: "),
        (with("url", json!(format!("https://127.0.0.1:{}/", outside.port()))), "denied: "),
        (with("url", json!("http://127.0.0.1:1/")), "denied: "),
        (with("url", json!("no url")), "other: "),
        (with("method", json!("G E T")), "other: "),
        (with("url", json!(format!("{origin}/{}", "x".repeat(2048)))), "limit: "),
        (with("body", json!((64 << 10) + 1)), "limit: "),
        (with("headers", json!(33)), "limit: "),
        (with("timeout", json!(0)), "limit: "),
        (with("timeout", json!(3001)), "limit: "),
    ] {
        if settings["method"] != "PUT" {
            set(&service, &settings).await;
        }
        let told = told_again(&service, &person).await;
        assert!(told.starts_with(begins), "{settings}: {told}");
        assert!(told.len() > begins.len() + 10, "{settings}: {told} says nothing");
    }
    for (name, value) in [
        ("Host", "other.example"),
        ("Content-Length", "7"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "upgrade"),
        ("traceparent", "00-0-0-00"),
        ("x-cut", "a\r\nx-more: b"),
        ("x cut", "a"),
    ] {
        let mut settings = with("header", json!(name));
        settings["value"] = json!(value);
        set(&service, &settings).await;
        let told = told_again(&service, &person).await;
        assert!(told.starts_with("other: "), "{name}: {told}");
    }
    assert!(outside.asked().is_empty(), "{:?}", outside.asked());
    service.stop().await;
}

#[tokio::test]
async fn a_call_has_four_requests_and_they_share_one_connection() {
    let outside = Outside::start().await;
    let http = [format!("POST {} private", outside.origin())];
    let settings = json!({
        "url": outside.origin(), "method": "POST", "body": 64 << 10, "headers": 30, "times": 5,
    });
    let service = logins(&http, &settings).start().await;
    let (person, _) = service.newcomer("leo").await;
    let answer = "200 \"\" 2 ok; ".repeat(4);
    let expected = format!("{answer}limit: at most 4 requests to other services in a call");
    for calls in 1..=2 {
        assert_eq!(told_again(&service, &person).await, expected);
        assert_eq!(outside.asked().len(), 4 * calls);
    }
    assert_eq!(outside.accepted(), 1, "connections are not kept");
    assert!(outside.asked().iter().all(|asked| asked.body.len() == 64 << 10));
    assert_eq!(outcomes(&service, &outside.origin()).await, only("answered", 8));
    service.stop().await;
}
