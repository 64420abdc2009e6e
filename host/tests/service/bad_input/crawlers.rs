//! Clients that take or send a byte now and then: one deadline for the whole, and no copy of an
//! answer for each of them.

use std::time::Duration;

use crate::support::{
    Process, Raw, TestService, eventually, in_time, post_bytes, raise_file_limit,
};

/// The largest file of Swagger UI: 1.5 MB.
const LARGE: &[u8] = b"GET /api/auth/swagger/swagger-ui-bundle.js HTTP/1.1\r\nHost: test\r\n\r\n";

#[tokio::test]
async fn an_answer_has_one_deadline_that_no_byte_moves() {
    let service = TestService::with().setting("HTTP_SERVER_WRITE_TIMEOUT", "500ms").start().await;
    let mut raw = Raw::connect_narrow(&service.address).await;
    raw.send(LARGE).await.unwrap();
    let mut taken = 0;
    in_time("the end of the connection", async {
        while let Ok(read @ 1..) = raw.some_bytes(1_000).await {
            taken += read;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert!(taken < 1_000_000, "a reader that crawls got the whole answer: {taken} bytes");
    service.stop().await;
}

#[tokio::test]
async fn the_head_and_the_body_of_a_request_have_one_deadline_together() {
    let with = TestService::with().setting("HTTP_SERVER_READ_TIMEOUT", "3s");
    let service = with.setting("HTTP_SERVER_TIMEOUT", "600s").start().await;
    let request = post_bytes("/auth/login", b"{\"email\": \"a\"}");
    let whole = request.len() - 1;
    let (mut crawler, mut other) = (service.raw().await, service.raw().await);
    crawler.send(&request[..40]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    // From here on both lack only the end of their body; the crawler had less time left for it.
    other.send(&request[..whole]).await.unwrap();
    crawler.send(&request[40..whole]).await.unwrap();
    let ((mut first, _crawling), (mut second, _sending)) = (crawler.split(), other.split());
    tokio::select! {
        biased;
        answer = second.answer() => panic!("the crawler outlived the other: {answer:?}"),
        answer = first.answer() => { answer.refused(408, "timeout"); }
    }
    second.answer().await.refused(408, "timeout");
    service.stop().await;
}

#[tokio::test]
async fn two_thousand_slow_readers_of_the_largest_file_share_it() {
    raise_file_limit();
    let (_home, mut settings) = Process::home().await;
    settings.insert("HTTP_SERVER_WRITE_TIMEOUT".to_owned(), "600s".to_owned());
    let process = Process::serving(&settings).await;
    let before = process.resident_memory();
    let mut readers = Vec::new();
    for number in 1..=2_000 {
        let mut raw = Raw::connect_narrow(&process.address).await;
        raw.send(LARGE).await.unwrap();
        assert!(in_time("the beginning of the answer", raw.some_bytes(1)).await.unwrap() > 0);
        readers.push(raw);
        if number % 100 == 0 {
            let grown = process.resident_memory().saturating_sub(before) / 1024;
            assert!(grown < 64, "{number} readers cost {grown} MiB");
        }
    }
    drop(readers);
    process.terminate();
    assert_eq!(process.ended().await.code, Some(0));
}

#[tokio::test]
async fn large_bodies_that_crawl_are_busy_beyond_their_budget_and_usual_ones_pass() {
    let with = TestService::with().setting("HTTP_SERVER_READ_TIMEOUT", "60s");
    let service = with.setting("HTTP_SERVER_TIMEOUT", "60s").start().await;
    let request = post_bytes("/auth/login", &b" ".repeat(60_000));
    let mut crawlers = Vec::new();
    for _ in 0..200 {
        let mut raw = service.raw().await;
        raw.send(&request[..50_000]).await.unwrap();
        crawlers.push(raw);
    }
    let busy = [("path", "/auth/login"), ("status", "503")];
    eventually("those beyond 8 MiB", async || {
        (service.count("http_requests_total", &busy).await >= 200 - 136).then_some(())
    })
    .await;
    let usual = format!("{{\"refresh_token\":\"{}\"}}", "x".repeat(4_000));
    service.post("/auth/refresh", usual).await.refused(401, "invalid_token");
    let large = || service.post("/auth/refresh", " ".repeat(60_000));
    large().await.refused(503, "busy");
    drop(crawlers);
    eventually("room", async || (large().await.status == 400).then_some(())).await;
    service.stop().await;
}

/// A frame of one byte holds the buffer that it was read into: 4,000 of them would be 32 MiB.
#[tokio::test]
async fn a_body_that_comes_byte_by_byte_costs_what_it_is_long() {
    let (_home, mut settings) = Process::home().await;
    settings.insert("HTTP_SERVER_READ_TIMEOUT".to_owned(), "600s".to_owned());
    let process = Process::serving(&settings).await;
    let before = process.resident_memory();
    let mut raw = Raw::connect(&process.address).await;
    let request = post_bytes("/auth/login", &b" ".repeat(8_000));
    raw.send(&request[..request.len() - 8_000]).await.unwrap();
    for _ in 0..4_000 {
        raw.send(b" ").await.unwrap();
        tokio::time::sleep(Duration::from_micros(100)).await;
    }
    let grown = process.resident_memory().saturating_sub(before) / 1024;
    assert!(grown < 12, "it cost {grown} MiB");
    drop(raw);
    process.terminate();
    assert_eq!(process.ended().await.code, Some(0));
}
