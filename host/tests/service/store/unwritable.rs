//! PostgreSQL answers, and takes no writes: a standby, a server that was set read-only, a full
//! disk.

use std::time::Instant;

use super::away::{Reached, are_turned_away, reached};
use crate::support::{OwnDatabase, TestService, eventually};

impl Reached {
    /// Waits until `/readyz` and the gauges tell of writes that are not taken.
    async fn tells(&self, sentence: &str, reason: &str) {
        eventually("readiness that says so", async || {
            let (status, body) = self.readiness().await;
            (status == 503 && body["reasons"].to_string().contains(sentence)).then_some(())
        })
        .await;
        eventually("the gauge that says so", async || {
            let metrics = self.service.metrics().await;
            let outage = metrics.sum("auth_database_outage", &[("reason", reason)]);
            (outage == 1 && metrics.sum("auth_database_up", &[]) == 0).then_some(())
        })
        .await;
    }
}

/// A failover: for a moment its address still leads to a server that takes no writes.
#[tokio::test]
async fn connections_that_lead_to_a_standby_are_replaced() {
    let database = OwnDatabase::new().await;
    let service = TestService::with().on_database(database.url()).start().await;
    let (person, _) = service.newcomer("leo").await;
    service.published().await;
    database.of().become_standby().await;
    for _ in 0..3 {
        service.login(&person).await.refused(503, "unavailable");
    }
    database.of().become_primary().await;
    let is_ready = async || (service.get("/readyz").await.status == 200).then_some(());
    eventually("readiness", is_ready).await;
    // The connections of then are still there; they are not used any more.
    service.login(&person).await.tokens();
    service.newcomer("other").await;
    service.stop().await;
}

/// What managed servers do when their disk is nearly full.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_no_writes_is_told_and_costs_no_connection_for_each_request() {
    let reached = reached().await;
    let (person, tokens) = reached.service.newcomer("leo").await;
    reached.service.published().await;
    reached.database.of().become_standby().await;
    are_turned_away(&reached.ask(&person, &tokens, 4).await);
    reached.tells("the database takes no writes", "read_only").await;
    // Each connection of before is replaced once.
    let before = reached.proxy.accepted();
    let begun = Instant::now();
    for _ in 0..10 {
        are_turned_away(&reached.ask(&person, &tokens, 4).await);
    }
    // And one a second looks whether the server takes writes again.
    let looks = usize::try_from(begun.elapsed().as_secs()).unwrap() + 2;
    let made = reached.proxy.accepted() - before;
    assert!(made <= 20 + looks, "{made} new connections, and the pools have 16 and 4");
    reached.database.of().become_primary().await;
    reached.is_back().await;
    let refreshed = reached.service.refresh(&tokens.refresh).await.tokens();
    assert_eq!(refreshed.user_id, tokens.user_id, "the token was not used up");
    reached.service.login(&person).await.tokens();
    reached.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_disk_is_full_is_told_until_it_takes_a_write_again() {
    let reached = reached().await;
    let (person, tokens) = reached.service.newcomer("leo").await;
    reached.service.published().await;
    let mut connection = reached.database.connection().await;
    let full = "
        CREATE FUNCTION auth.full() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END$$;
        CREATE TRIGGER full_disk BEFORE INSERT ON auth.sessions
            FOR EACH STATEMENT EXECUTE FUNCTION auth.full();
        -- What is small as it is stored fits pages that are there; a sequence is not rolled back.
        CREATE SEQUENCE auth.looks;
        CREATE FUNCTION auth.full_for_much() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN
                PERFORM nextval('auth.looks');
                IF pg_column_size(NEW.value) >= 65536 THEN
                    RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100';
                END IF;
                RETURN NULL;
            END$$;
        CREATE TRIGGER full_disk AFTER INSERT ON auth.policy_storage
            FOR EACH ROW EXECUTE FUNCTION auth.full_for_much()";
    sqlx::raw_sql(full).execute(&mut connection).await.unwrap();
    reached.service.login(&person).await.refused(503, "unavailable");
    reached.tells("its disk is full", "full").await;
    eventually("looks that find no room", async || {
        let looks: i64 = sqlx::query_scalar("SELECT last_value FROM auth.looks")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        (looks >= 3).then_some(())
    })
    .await;
    reached.tells("its disk is full", "full").await;
    let room = "
        DROP FUNCTION auth.full() CASCADE;
        DROP FUNCTION auth.full_for_much() CASCADE";
    sqlx::raw_sql(room).execute(&mut connection).await.unwrap();
    reached.service.login(&person).await.tokens();
    reached.is_back().await;
    reached.service.refresh(&tokens.refresh).await.tokens();
    reached.stop().await;
}
