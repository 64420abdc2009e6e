//! Answers that are being written when the end begins: they are written, or the exit code says that
//! they were not.

use std::collections::HashMap;

use crate::support::{Process, Raw};

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

async fn reader(process: &Process) -> Raw {
    let mut raw = Raw::connect_narrow(&process.address).await;
    raw.send(LONG).await.unwrap();
    raw.answer_begun().await;
    raw
}

#[tokio::test]
async fn an_answer_that_is_taken_slowly_is_written_to_its_end() {
    let (_folder, process) =
        process(&[("HTTP_SERVER_WRITE_TIMEOUT", "600s"), ("HTTP_SERVER_SHUTDOWN_TIMEOUT", "600s")])
            .await;
    let mut raw = reader(&process).await;
    process.terminate();
    // No other connection is taken any more: the end has begun.
    crate::support::eventually("the end of the listener", async || {
        tokio::net::TcpStream::connect(&process.address).await.is_err().then_some(())
    })
    .await;
    let answer = raw.answer().await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.len() > 1_000_000);
    raw.ended().await;
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
        let (cut, stopping) = (at("\"cut_off\":true").unwrap(), at("\"stopping\"").unwrap());
        if cut < stopping {
            // The machine was busy for so long that the answer was cut off before the end began.
            assert!(attempt < 10, "{}", outcome.log);
            continue;
        }
        assert_eq!(outcome.code, Some(3), "{}", outcome.log);
        assert!(!outcome.log.contains("everything in flight was finished\""), "{}", outcome.log);
        assert!(outcome.log.contains("\"cut_answers\":1"), "{}", outcome.log);
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
    raw.send(&[b' '; 100_000]).await.unwrap();
    process.terminate();
    let outcome = process.ended().await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.log);
}
