//! Standard output that is gone or full: nobody needs the announcement, and a command whose reader
//! has seen enough ends quietly.

use std::fs::File;
use std::process::Stdio;

use crate::support::Process;

/// A pipe that nobody reads any more.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

#[tokio::test]
async fn it_serves_also_if_nobody_can_read_its_announcement() {
    for output in [closed, full] {
        let (_folder, mut settings) = Process::home().await;
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        settings.insert("HTTP_SERVER_ADDRESS".to_owned(), port.to_string());
        let process = Process::with_output(&settings, output()).await;
        process.terminate();
        let outcome = process.ended().await;
        assert_eq!(outcome.code, Some(0), "{}", outcome.log);
        assert!(!outcome.log.contains("panic"), "{}", outcome.log);
    }
}

#[tokio::test]
async fn a_command_whose_output_is_not_read_ends_without_a_panic() {
    let (folder, settings) = Process::home().await;
    let process = Process::serving(&settings).await;
    process.terminate();
    assert_eq!(process.ended().await.code, Some(0));
    let policy = folder.path().join("policies/login.wasm");
    let commands: [&[&str]; 2] =
        [&["outbox", "list"], &["policy", "inspect", policy.to_str().unwrap()]];
    for words in commands {
        let unread = Process::command_into(&settings, words, closed()).await;
        assert_eq!((unread.code, unread.log.as_str()), (Some(0), ""), "{words:?}");
        let full = Process::command_into(&settings, words, full()).await;
        assert_eq!(full.code, Some(2), "{words:?}");
        assert!(full.log.contains("standard output cannot be written"), "{}", full.log);
    }
}
