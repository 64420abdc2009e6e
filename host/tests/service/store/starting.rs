//! A start while the database is not there yet.

use crate::support::{OwnDatabase, Proxy, TestService, eventually, lines_with, mark};

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
