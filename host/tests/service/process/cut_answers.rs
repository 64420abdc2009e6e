//! Answers that are being written when the end begins: they are written, or the exit code says that
//! they were not.

use std::collections::HashMap;

use crate::support::{Metrics, Process, Raw, eventually};

/// 1.5 MB.
const LONG: &[u8] = b"GET /api/auth/swagger/swagger-ui-bundle.js HTTP/1.1\r\nHost: test\r\n\r\n";

async fn process(changes: &[(&str, &str)]) -> (impl Drop, Process) {
    let (folder, mut settings) = Process::folder();
    let own = changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    settings.extend(own.collect::<HashMap<_, _>>());
    settings.insert("LOG_LEVEL".to_owned(), "info,auth_host=debug".to_owned());
    let process = Process::serving(&settings).await;
    (folder, process)
}

/// A client that asks for more than all buffers on its way hold, and reads nothing: an answer to it
/// is begun, and waits.
async fn reader(process: &Process) -> Raw {
    let mut raw = Raw::connect_narrow(&process.address).await;
    raw.send(&LONG.repeat(16)).await.unwrap();
    let (mut begun, mut looks) = (0, 0);
    eventually("an answer that is stuck", async || {
        let text =
            reqwest::get(format!("http://{}/metrics", process.address)).await.unwrap().text();
        let path = [("path", "/api/auth/swagger/{*rest}")];
        let now = Metrics::parse(&text.await.unwrap()).sum("http_requests_total", &path);
        looks = if now == begun { looks + 1 } else { 0 };
        begun = now;
        (begun > 0 && looks > 20).then_some(())
    })
    .await;
    raw
}

#[tokio::test]
async fn an_answer_that_is_taken_slowly_is_written_to_its_end() {
    let (_folder, process) =
        process(&[("HTTP_SERVER_WRITE_TIMEOUT", "600s"), ("HTTP_SERVER_SHUTDOWN_TIMEOUT", "600s")])
            .await;
    let mut raw = reader(&process).await;
    process.terminate();
    eventually("the end of the listener", async || {
        tokio::net::TcpStream::connect(&process.address).await.is_err().then_some(())
    })
    .await;
    let mut answers = 0;
    while let Some(answer) = raw.answer_or_end().await {
        assert!(answer.status == 200 && answer.body.len() > 1_000_000);
        answers += 1;
    }
    assert!((1..16).contains(&answers), "{answers}");
    let outcome = process.ended().await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.log);
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_told_by_the_exit_code() {
    for attempt in 0.. {
        let (_folder, process) = process(&[
            ("HTTP_SERVER_WRITE_TIMEOUT", "3s"),
            ("HTTP_SERVER_SHUTDOWN_TIMEOUT", "600s"),
        ])
        .await;
        let raw = reader(&process).await;
        process.terminate();
        let outcome = process.ended().await;
        drop(raw);
        let at = |text| outcome.log.find(text);
        if at("\"cut_off\":true") < at("\"message\":\"stopping\"") {
            // The answer was cut off before the end began, or not at all: the machine was busy.
            assert!(attempt < 10, "{}", outcome.log);
            continue;
        }
        assert_eq!(outcome.code, Some(3), "{}", outcome.log);
        assert!(outcome.log.contains("\"cut_answers\":1"), "{}", outcome.log);
        assert!(outcome.log.contains("stopped before everything"), "{}", outcome.log);
        return;
    }
}

#[tokio::test]
async fn what_is_left_of_an_answered_request_does_not_hold_the_end_up() {
    let (_folder, process) =
        process(&[("HTTP_SERVER_READ_TIMEOUT", "600s"), ("HTTP_SERVER_SHUTDOWN_TIMEOUT", "2s")])
            .await;
    let mut raw = Raw::connect(&process.address).await;
    let head = "POST /auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: \
                application/json\r\nContent-Length: 20000000\r\n\r\n";
    raw.send(head.as_bytes()).await.unwrap();
    raw.answer().await.refused(413, "body_too_large");
    raw.send(&vec![b' '; 100_000]).await.unwrap();
    process.terminate();
    let outcome = process.ended().await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.log);
}
