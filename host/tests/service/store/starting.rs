//! A start while the database is not there yet, or takes no writes yet.

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::support::{OwnDatabase, Process, Proxy, TestService, eventually, lines_with, mark};

#[tokio::test]
async fn a_service_waits_for_a_database_that_comes_later() {
    let database = OwnDatabase::new().await;
    let proxy = Proxy::to(&database.of().address()).await;
    proxy.refuse();
    let before = mark();
    let appears = async {
        let tried = async || {
            (!lines_with(before, "the database cannot be opened yet").is_empty()).then_some(())
        };
        eventually("a start that tries again", tried).await;
        proxy.accept();
    };
    let start = TestService::with().on_database(&database.of().url_by(proxy.address())).start();
    let (service, ()) = tokio::join!(start, appears);
    service.newcomer("leo").await;
    service.stop().await;
}

#[tokio::test]
async fn a_start_while_another_process_holds_the_lock_goes_on_by_itself_when_it_is_free() {
    let (folder, settings) = Process::folder();
    let process = Process::serving(&settings).await;
    process.terminate();
    assert_eq!(process.ended().await.code, Some(0));
    let file = folder.path().join("data/auth.sqlite");
    let mut other = SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let process = Process::serving(&settings).await;
    let ready = async || {
        let answer = reqwest::get(format!("http://{}/readyz", process.address)).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, body) = ready().await;
    assert!(status == 503 && body.contains("another process holds the lock"), "{body}");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    eventually("readiness", async || (ready().await.0 == 200).then_some(())).await;
    process.terminate();
    assert_eq!(process.ended().await.code, Some(0));
}
