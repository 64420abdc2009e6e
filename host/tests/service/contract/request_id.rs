//! `X-Request-ID`: the caller's, or a new one.

use crate::support::{Person, TestService, lines_with, mark};

#[tokio::test]
async fn a_good_request_id_is_the_answers_and_stands_in_every_line_of_the_log() {
    let service = TestService::start().await;
    let longest = "x".repeat(128);
    for id in ["a", "gateway-7f3a/21", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", &longest] {
        let answer =
            service.send(service.request("GET", "/healthz").header("x-request-id", id)).await;
        assert_eq!(answer.header("x-request-id"), Some(id));
    }
    let (id, begin) = (format!("id-{}", uuid::Uuid::new_v4()), mark());
    let body = Person::new("nobody").form().to_string();
    let request = service
        .request("POST", "/auth/login")
        .header("x-request-id", &id)
        .header("content-type", "application/json");
    let answer = service.send(request.body(body)).await;
    assert_eq!(answer.refused(401, "invalid_credentials").json()["request_id"], id);
    assert!(!lines_with(begin, &id).is_empty(), "the log does not know the request");
    service.stop().await;
}

#[tokio::test]
async fn a_missing_or_bad_request_id_is_replaced_by_a_uuid() {
    let service = TestService::start().await;
    let too_long = "x".repeat(129);
    let bad: [&[u8]; 7] = [
        b"",
        too_long.as_bytes(),
        b"two words",
        b"tab\there",
        "ключ".as_bytes(),
        b"\xff\xfe",
        b"caf\xc3\xa9",
    ];
    let mut seen = Vec::new();
    for value in bad {
        let value = reqwest::header::HeaderValue::from_bytes(value).unwrap();
        let answer =
            service.send(service.request("GET", "/nowhere").header("x-request-id", value)).await;
        seen.push(answer.refused(404, "not_found").header("x-request-id").unwrap().to_owned());
    }
    seen.push(service.get("/healthz").await.header("x-request-id").unwrap().to_owned());
    for id in &seen {
        assert!(uuid::Uuid::parse_str(id).is_ok(), "{id:?} is no UUID");
        assert_eq!(seen.iter().filter(|other| *other == id).count(), 1, "{id} was given twice");
    }
    service.stop().await;
}
