//! Answers that come before the request was read to its end, and clients that write all of it before
//! they read.

use super::assert_nothing_happened;
use crate::support::{Raw, TestService, in_time};

const LONG: usize = 20_000_000;

fn head(method: &str, path: &str, content_type: &str, rest: &str) -> Vec<u8> {
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: test\r\nContent-Type: {content_type}\r\n");
    format!("{head}{rest}\r\n\r\n").into_bytes()
}

/// A whole request whose body is far too long.
fn long(method: &str, path: &str, content_type: &str) -> Vec<u8> {
    let mut bytes = head(method, path, content_type, &format!("Content-Length: {LONG}"));
    bytes.resize(bytes.len() + LONG, b' ');
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_write_a_long_body_before_they_read_get_their_answer() {
    let service = TestService::start().await;
    let request: &[u8] = long("POST", "/auth/login", "application/json").leak();
    let clients: Vec<_> = (0..40)
        .map(|_| {
            let address = service.address.clone();
            tokio::spawn(async move {
                let mut raw = Raw::connect(&address).await;
                raw.send(request).await.unwrap();
                let answer = raw.answer().await;
                raw.ended().await;
                answer
            })
        })
        .collect();
    for client in clients {
        let answer = in_time("an answer", client).await.unwrap();
        assert_eq!(answer.refused(413, "body_too_large").header("connection"), Some("close"));
    }
    assert_nothing_happened(&service).await;
    service.stop().await;
}

#[tokio::test]
async fn whatever_refuses_a_request_early_its_client_gets_the_answer() {
    let service = TestService::start().await;
    for (method, path, content_type, status, code) in [
        ("POST", "/auth/register", "application/json", 413, "body_too_large"),
        ("POST", "/auth/refresh", "text/plain", 415, "unsupported_media_type"),
        ("POST", "/nothing", "application/json", 404, "not_found"),
        ("PUT", "/auth/login", "application/json", 405, "method_not_allowed"),
    ] {
        let mut raw = service.raw().await;
        raw.send(&long(method, path, content_type)).await.unwrap();
        raw.answer().await.refused(status, code);
        raw.ended().await;
    }
    // In chunks, nobody can tell from the head how long it will be.
    let mut raw = service.raw().await;
    let chunked = head("POST", "/auth/login", "application/json", "Transfer-Encoding: chunked");
    let chunk = [b"100000\r\n", &*vec![b' '; 0x0010_0000], b"\r\n"].concat();
    raw.send(&[chunked, chunk.repeat(20), b"0\r\n\r\n".to_vec()].concat()).await.unwrap();
    raw.answer().await.refused(413, "body_too_large");
    raw.ended().await;
    assert_nothing_happened(&service).await;
    service.stop().await;
}

#[tokio::test]
async fn a_body_that_nobody_read_ends_its_connection_however_short_it_is() {
    // If it were kept, what comes of the body after the answer would count as a head that crawls.
    let service = TestService::start().await;
    for comes_late in [false, true] {
        let mut raw = service.raw().await;
        let mut request = head("POST", "/auth/login", "text/plain", "Content-Length: 5");
        request.extend(if comes_late { &b""[..] } else { b"     " });
        raw.send(&request).await.unwrap();
        let answer = raw.answer().await;
        let answer = answer.refused(415, "unsupported_media_type");
        assert_eq!(answer.header("connection"), Some("close"));
        let _ = raw.send(if comes_late { b"     " } else { b"" }).await;
        raw.ended().await;
    }
    service.stop().await;
}

#[tokio::test]
async fn a_client_that_waits_to_be_asked_for_its_body_is_not_asked_in_vain() {
    let service = TestService::start().await;
    let mut raw = service.raw().await;
    let rest = "Content-Length: 5000\r\nExpect: 100-continue";
    raw.send(&head("POST", "/auth/login", "text/plain", rest)).await.unwrap();
    let answer = raw.answer().await;
    assert_eq!(answer.refused(415, "unsupported_media_type").header("connection"), Some("close"));
    raw.ended().await;
    service.stop().await;
}

#[tokio::test]
async fn more_than_the_bound_is_not_read_after_the_answer() {
    let service = TestService::start().await;
    let mut raw = service.raw().await;
    let rest = "Content-Length: 1000000000";
    raw.send(&head("POST", "/auth/login", "application/json", rest)).await.unwrap();
    raw.answer().await.refused(413, "body_too_large");
    let (mut sent, block) = (0, vec![b' '; 100_000]);
    while raw.send(&block).await.is_ok() {
        sent += block.len();
        assert!(sent < 200_000_000, "it reads without end");
    }
    service.stop().await;
}
