//! The edges of what is read of an answer.

use std::time::Duration;

use super::{Sender, get, outcome, request};
use crate::outside::{Dns, Manner, Outside, Said, gzip};
use crate::support::eventually;

const MOST: usize = 256 * 1024;

#[tokio::test]
async fn an_answer_is_read_up_to_its_bounds_and_no_byte_further() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    let sender = Sender::new(&dns);
    let granted = format!("GET {} private", outside.origin());
    let headers = |count: usize| {
        (0..count).fold(Said::new(200, "ok"), |said, n| said.header(&format!("x-{n}"), "a"))
    };
    let of = |body: usize| Said::new(200, vec![b'a'; body]);
    let packed =
        |body: usize| Said::new(200, gzip(&vec![b'a'; body])).header("content-encoding", "gzip");
    let value = |bytes: usize| Said::new(200, "ok").header("x-long", &"a".repeat(bytes));
    for (name, said, expected) in [
        ("body", of(MOST), "answered"),
        ("larger_body", of(MOST + 1), "too_large"),
        ("packed", packed(MOST), "answered"),
        ("larger_packed", packed(MOST + 1), "too_large"),
        ("empty_packed", packed(0), "answered"),
        // With the length of the body.
        ("headers", headers(63), "answered"),
        ("more_headers", headers(64), "too_large"),
        ("value", value(8 * 1024 - 30), "answered"),
        ("longer_value", value(8 * 1024), "too_large"),
        ("longest_value", value(600 * 1024), "too_large"),
        ("other_encoding", of(1).header("content-encoding", "br"), "encoding"),
        ("two_encodings", of(1).header("content-encoding", "gzip, gzip"), "encoding"),
        ("not_packed", of(100).header("content-encoding", "gzip"), "broken"),
        ("identity", of(1).header("content-encoding", "identity"), "answered"),
    ] {
        outside.at_path(&format!("/{name}"), Manner::Answers(said));
        let answer = sender.send(&get(format!("{}/{name}", outside.origin())), &[&granted]).await;
        assert_eq!(outcome(&answer), expected, "{name}");
        // What counts against the service opens its circuit: this one keeps it closed.
        sender.send(&get(outside.origin()), &[&granted]).await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_without_a_body_is_one() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    let sender = Sender::new(&dns);
    let granted = format!("GET,HEAD {} private", outside.origin());
    let origin = outside.origin();
    let packed = |status| Said::new(status, "").header("content-encoding", "gzip");
    outside.at_path("/204", Manner::Answers(packed(204)));
    outside.at_path("/304", Manner::Answers(packed(304)));
    outside.at_path("/500", Manner::answers(500, "sorry"));
    outside.at_path("/large", Manner::Answers(Said::new(200, vec![b'a'; 2 * MOST])));
    for (method, path, status, body) in [
        ("GET", "/204", 204, ""),
        ("GET", "/304", 304, ""),
        ("GET", "/500", 500, "sorry"),
        ("HEAD", "/large", 200, ""),
    ] {
        let answer = sender.send(&request(method, format!("{origin}{path}")), &[&granted]).await;
        let answer = answer.unwrap_or_else(|fault| panic!("{path}: {fault:?}"));
        assert_eq!((answer.status, answer.body.as_slice()), (status, body.as_bytes()), "{path}");
    }
}

#[tokio::test]
async fn who_is_given_up_is_left_and_its_turn_is_free_again() {
    let (dns, outside) = (Dns::start().await, Outside::start().await);
    let sender = Sender::new(&dns);
    let granted = format!("GET {} private", outside.origin());
    outside.at_path("/never", Manner::NeverAnswers);
    let never = get(format!("{}/never", outside.origin()));
    let under_way = || sender.metric("auth_policy_http_under_way", &[("place", "login")]);
    // The caller goes away first.
    {
        let (sender, never, granted) = (sender.clone(), never.clone(), granted.clone());
        let caller = tokio::spawn(async move { sender.send(&never, &[&granted]).await });
        eventually("the request is there", async || (outside.asked().len() == 1).then_some(()))
            .await;
        assert_eq!(under_way(), Some(1));
        caller.abort();
    }
    eventually("its turn is free", async || (under_way() == Some(0)).then_some(())).await;
    let abandoned = [("origin", outside.origin()), ("outcome", "abandoned".into())];
    let abandoned = abandoned.each_ref().map(|(label, value)| (*label, value.as_str()));
    assert_eq!(sender.metric("auth_policy_http_requests_total", &abandoned), Some(1));
    // The time ends first.
    let mut shortly = never;
    shortly.timeout = Some(Duration::from_millis(50));
    assert_eq!(outcome(&sender.send(&shortly, &[&granted]).await), "timeout");
    assert_eq!(under_way(), Some(0));
    eventually("no connection is left", async || (outside.open() == 0).then_some(())).await;
}
