//! What each signal asks for, and how connections learn of the end.

use crate::support::{Process, Raw, eventually};

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";

#[tokio::test]
async fn a_signal_that_is_told_again_at_once_is_one_signal() {
    let (_folder, mut settings) = Process::home().await;
    settings.insert("HTTP_SERVER_SHUTDOWN_DELAY".to_owned(), "300ms".to_owned());
    let process = Process::serving(&settings).await;
    process.interrupt();
    process.terminate();
    process.interrupt();
    let outcome = process.ended().await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.log);
}

#[tokio::test]
async fn a_quit_is_an_orderly_end() {
    let (_folder, settings) = Process::home().await;
    let process = Process::serving(&settings).await;
    process.quit();
    let outcome = process.ended().await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.log);
    assert!(outcome.log.contains("everything in flight was finished"), "{}", outcome.log);
}

#[tokio::test]
async fn a_hang_up_without_a_terminal_is_told_and_it_serves_on() {
    let (_folder, settings) = Process::home().await;
    let process = Process::serving(&settings).await;
    let mut raw = Raw::connect(&process.address).await;
    for _ in 0..3 {
        process.hang_up();
        raw.send(HEALTH).await.unwrap();
        assert_eq!(raw.answer().await.status, 200);
    }
    process.terminate();
    let outcome = process.ended().await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.log);
    assert!(outcome.log.contains("SIGHUP is ignored"), "{}", outcome.log);
}

#[tokio::test]
async fn from_the_signal_on_answers_say_that_their_connection_ends() {
    let (_folder, mut settings) = Process::home().await;
    settings.insert("HTTP_SERVER_SHUTDOWN_DELAY".to_owned(), "600s".to_owned());
    let process = Process::serving(&settings).await;
    let mut raw = Raw::connect(&process.address).await;
    raw.send(HEALTH).await.unwrap();
    assert_eq!(raw.answer().await.header("connection"), None);
    process.terminate();
    let ready = async || {
        let answer = reqwest::get(format!("http://{}/readyz", process.address)).await.unwrap();
        (answer.status() == 503).then(|| answer.headers().get("connection").cloned())
    };
    assert_eq!(eventually("the signal's effect", ready).await.unwrap(), "close");
    raw.send(HEALTH).await.unwrap();
    let answer = raw.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    raw.ended().await;
    process.kill();
    process.ended().await;
}
