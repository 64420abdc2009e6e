//! Requests that no route takes, or not in this way.

use super::assert_nothing_happened;
use crate::support::{ENDPOINTS, Person, TestService, post_bytes};

#[tokio::test]
async fn a_body_that_is_not_declared_as_json_is_refused() {
    let service = TestService::start().await;
    let form = Person::new("nobody").form().to_string();
    let types = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "text/json",
        "json",
        "",
    ];
    for path in ENDPOINTS {
        for content_type in types {
            let request = service
                .request("POST", path)
                .header("content-type", content_type)
                .body(form.clone());
            service.send(request).await.refused(415, "unsupported_media_type");
        }
        service
            .send(service.request("POST", path).body(form.clone()))
            .await
            .refused(415, "unsupported_media_type");
    }
    assert_nothing_happened(&service).await;
    service.stop().await;
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_one() {
    let service = TestService::start().await;
    for path in ENDPOINTS {
        for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
            let request = service.request(method, path).json(&Person::new("nobody").form());
            let answer = service.send(request).await;
            assert_eq!(
                answer.refused(405, "method_not_allowed").header("allow"),
                Some("POST"),
                "{method} {path}"
            );
        }
        let head = service.send(service.request("HEAD", path)).await;
        assert_eq!((head.status, head.body.len()), (405, 0));
    }
    for path in ["/healthz", "/readyz", "/metrics", "/api/auth/metrics", "/api/auth/openapi.json"] {
        let answer = service.post(path, "{}").await;
        assert!(
            answer.refused(405, "method_not_allowed").header("allow").unwrap().contains("GET"),
            "{path}"
        );
    }
    assert_nothing_happened(&service).await;
    service.stop().await;
}

#[tokio::test]
async fn an_unknown_route_gets_404_in_our_form() {
    let service = TestService::start().await;
    let paths = [
        "/",
        "/auth",
        "/auth/",
        "/auth/register/",
        "/auth/Login",
        "//auth/login",
        "/auth/logout",
        "/api/auth/nothing",
        "/api",
        "/%ff",
    ];
    for path in paths {
        service.get(path).await.refused(404, "not_found");
        service
            .post(path, Person::new("nobody").form().to_string())
            .await
            .refused(404, "not_found");
    }
    service.get("/api/auth/swagger/nothing.js").await.refused(404, "not_found");
    assert_nothing_happened(&service).await;
    service.stop().await;
}

#[tokio::test]
async fn what_is_not_http_ends_its_connection_only() {
    let service = TestService::start().await;
    let head = "POST /auth/login HTTP/1.1\r\nHost: test\r\n";
    let endless_header = format!("{head}X: {}\r\n\r\n", "x".repeat(200 * 1024));
    let many_headers = format!("{head}{}\r\n", "X: x\r\n".repeat(5_000));
    let bytes: [&[u8]; 8] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"hello\r\n\r\n",
        b"POST /auth/login HTTP/9.9\r\n\r\n",
        b"POST /auth/login HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: \
          6\r\n\r\n{\"a\":1}",
        endless_header.as_bytes(),
        many_headers.as_bytes(),
    ];
    for bytes in bytes {
        let mut raw = service.raw().await;
        let _ = raw.send(bytes).await;
        raw.ended().await;
    }
    assert_nothing_happened(&service).await;
    service.stop().await;
}

#[tokio::test]
async fn a_head_of_more_than_16_kib_is_refused() {
    let service = TestService::start().await;
    for (size, status) in [(15_000, 200), (40_000, 431)] {
        let mut raw = service.raw().await;
        let header = "x".repeat(size);
        let head = format!("GET /healthz HTTP/1.1\r\nHost: test\r\nX: {header}\r\n\r\n");
        let _ = raw.send(head.as_bytes()).await;
        assert_eq!(raw.answer().await.status, status, "{size}");
    }
    service.stop().await;
}

#[tokio::test]
async fn a_smuggled_second_request_is_not_taken_for_one() {
    let service = TestService::start().await;
    let person = Person::new("smuggled");
    let inner = post_bytes("/auth/register", person.form().to_string().as_bytes());
    let head = "POST /auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n";
    let both = format!(
        "{head}Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        inner.len() + 5
    );
    let mut raw = service.raw().await;
    raw.send(&[both.as_bytes(), &inner].concat()).await.unwrap();
    raw.ended().await;
    super::assert_no_account(&service, &person, "a request in the body of another").await;
    assert_nothing_happened(&service).await;
    service.stop().await;
}

#[tokio::test]
async fn a_request_without_a_host_or_with_two_is_refused_and_ends_its_connection() {
    let service = TestService::start().await;
    let body = Person::new("nobody").form().to_string();
    let length = format!("Content-Type: application/json\r\nContent-Length: {}", body.len());
    let bad = [
        "HTTP/1.1\r\n",
        "HTTP/1.1\r\nHost: a\r\nHost: a\r\n",
        "HTTP/1.1\r\nHost: a\r\nHost: b\r\n",
        "HTTP/1.1\r\nHost: a, b\r\n",
        "HTTP/1.1\r\nHost: a b\r\n",
        "HTTP/1.0\r\nHost: a\r\nHost: b\r\n",
    ];
    for path in ENDPOINTS.into_iter().chain(["/healthz", "/nothing"]) {
        for hosts in bad {
            let mut raw = service.raw().await;
            raw.send(format!("POST {path} {hosts}{length}\r\n\r\n{body}").as_bytes())
                .await
                .unwrap();
            let answer = raw.answer().await;
            answer.refused(400, "malformed_request");
            assert_eq!(answer.header("connection"), Some("close"), "{path} {hosts}");
            raw.ended().await;
        }
    }
    for good in ["HTTP/1.0\r\n", "HTTP/1.0\r\nHost: a\r\n", "HTTP/1.1\r\nHost:\r\n"] {
        let mut raw = service.raw().await;
        raw.send(format!("GET /healthz {good}\r\n").as_bytes()).await.unwrap();
        assert_eq!(raw.answer().await.status, 200, "{good}");
    }
    assert_nothing_happened(&service).await;
    service.stop().await;
}

#[tokio::test]
async fn a_body_in_another_coding_than_chunks_is_refused_and_ends_its_connection() {
    let service = TestService::start().await;
    for coding in ["gzip, chunked", "chunked, chunked", "chunked\r\nTransfer-Encoding: chunked"] {
        let mut raw = service.raw().await;
        let head = "POST /auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n";
        raw.send(
            format!("{head}Transfer-Encoding: {coding}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n").as_bytes(),
        )
        .await
        .unwrap();
        raw.answer().await.refused(400, "malformed_request");
        raw.ended().await;
    }
    assert_nothing_happened(&service).await;
    service.stop().await;
}
