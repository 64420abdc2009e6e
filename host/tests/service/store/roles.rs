//! A service that may not change the schema: `auth-host migrate` is run by the schema's owner.

use std::time::Duration;

use auth_host::clock::Clock;
use auth_host::store::Store;
use auth_host::store::registry::{
    DifferenceSample, Expected, NewAdminToken, NewDifferences, Report, ReportState, Role,
    RolloutChange, StoredSignature,
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use uuid::Uuid;

use super::open;
use crate::releases::registry::trials::shadow;
use crate::releases::registry::{beat, change, component, release};
use crate::support::{OwnDatabase, Process, TestService, in_time, secret_text};

async fn execute(connection: &mut PgConnection, statements: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(connection).await.map(drop)
}

#[tokio::test]
async fn a_role_that_may_only_read_and_write_rows_is_enough_once_the_schema_is_there() {
    let database = OwnDatabase::new().await;
    let (_folder, mut settings) = Process::folder();
    settings.insert("DATABASE_URL".to_owned(), database.url().to_owned());
    for _ in 0..2 {
        let migrated = Process::command(&settings, &["migrate"]).await;
        assert_eq!(migrated.code, Some(0), "{}", migrated.errors);
        assert_eq!(migrated.text, "the schema is up to date\n");
    }
    let (role, password) = (format!("service_{}", uuid::Uuid::new_v4().simple()), secret_text());
    let mut owner = database.connection().await;
    let grants = format!(
        "CREATE ROLE {role} LOGIN PASSWORD '{password}';
         GRANT USAGE ON SCHEMA auth TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA auth TO {role};
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA auth TO {role}"
    );
    execute(&mut owner, grants).await.unwrap();
    let mut url: reqwest::Url = database.url().parse().unwrap();
    url.set_username(&role).unwrap();
    url.set_password(Some(&password)).unwrap();
    {
        let mut own = PgConnection::connect(url.as_str()).await.unwrap();
        execute(&mut own, "CREATE TABLE auth.more (id INT)".to_owned()).await.unwrap_err();
        execute(&mut own, "ALTER TABLE auth.accounts ADD COLUMN more INT".to_owned())
            .await
            .unwrap_err();
    }
    let service = TestService::with()
        .on_database(url.as_str())
        .setting("AUTH_MASTER_SECRET", "")
        .own_cache()
        .start()
        .await;
    let (person, tokens) = service.newcomer("leo").await;
    service.login(&person).await.tokens();
    service.login_with_wrong_password(&person).await.refused(401, "invalid_credentials");
    service.refresh(&tokens.refresh).await.tokens();
    assert_eq!(service.events().await.len(), 1);
    // One trial is over for more than a week then, the other one for less.
    let ended = "
        INSERT INTO auth.policy_rollouts (rollout, place, number, base, mode, began_at, began_by,
                                          why, ended_at)
        SELECT gen_random_uuid(), 'login', number, 1, 'shadow', 0, '', '',
               (extract(epoch FROM clock_timestamp()) * 1000)::bigint + hours * 3600000
          FROM (VALUES (2, 0), (3, 100)) AS each (number, hours)";
    execute(&mut owner, ended.to_owned()).await.unwrap();
    service.later(Duration::from_hours(200)).await;
    service.app().cleaner.clean_once().await.unwrap();
    service.app().cleaner.prune_once().await.unwrap();
    let kept = "SELECT number FROM auth.policy_rollouts";
    let kept: Vec<i64> = sqlx::query_scalar(kept).fetch_all(&mut owner).await.unwrap();
    assert_eq!(kept, [3]);
    service.stop().await;
    uses_the_registry(url.as_str()).await;
    execute(&mut owner, format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
}

/// Every kind of statement of it.
async fn uses_the_registry(url: &str) {
    let clock = Clock::shifted();
    let store = Store::Postgres(open(url, &clock).await.unwrap());
    in_time("a connection that listens", store.registry_hint()).await;
    for digest in ["c0de", "01d"] {
        store.component_put(&component(digest, b"code")).await.unwrap();
    }
    for _ in 0..2 {
        store.release_activate(&release("elsewhere"), false, Duration::ZERO, None).await.unwrap();
    }
    let begun =
        store.deploy_begin("elsewhere", 1, Duration::ZERO, None, &change("ann")).await.unwrap();
    store.deploy_settle(begun.id, Duration::ZERO).await.unwrap().unwrap();
    let token = NewAdminToken {
        name: "ann".to_owned(),
        role: Role::Look,
        hash: Vec::new(),
        expires_at: 0,
        created_by: "operator".to_owned(),
    };
    store.admin_token_add(&token).await.unwrap();
    store.admin_token_used("ann").await.unwrap();
    store.admin_token_revoke("ann", "operator").await.unwrap();
    clock.advance(Duration::from_mins(1));
    let pruned = store.registry_prune(1, clock.now(), &change("cleaner")).await.unwrap();
    assert_eq!(pruned.components, 1);
    store.rollback("elsewhere", None, Expected::Anything, &change("ann"), None).await.unwrap();
    uses_trials(&store).await;
    uses_trust(&store).await;
    store.close().await;
}

async fn uses_trust(store: &Store) {
    let (place, change, grants) = ("elsewhere", change("ann"), ["claim:tier".to_owned()]);
    store.grants_set(place, None, &grants, &change).await.unwrap();
    assert_eq!(store.grants(place).await.unwrap().unwrap(), grants);
    for line in ["{}", "{\"more\":1}"] {
        let signature = StoredSignature {
            key: "SHA256:ann".to_owned(),
            line: line.to_owned(),
            added_at: 0,
            added_by: "ann".to_owned(),
        };
        assert_eq!(store.signatures_add("c0de", place, &[signature], &change).await.unwrap(), 1);
    }
    assert_eq!(store.signatures("c0de").await.unwrap()[0].line, "{\"more\":1}");
}

/// 1 serves, and 2 is tried.
async fn uses_trials(store: &Store) {
    let (replica, clock, change) = (Uuid::new_v4(), store.clock(), change("ann"));
    store.replica_beat(&beat(5, replica, "a1", None)).await.unwrap();
    let (place, plan) = ("elsewhere", shadow());
    let begun =
        store.deploy_begin(place, 2, Duration::from_mins(1), Some(&plan), &change).await.unwrap();
    let report = Report {
        replica,
        name: "a1".to_owned(),
        state: ReportState::Ready,
        reasons: Vec::new(),
        milliseconds: 1,
        at: 0,
    };
    store.deploy_report(begun.id, &report).await.unwrap();
    store.deploy_settle(begun.id, Duration::ZERO).await.unwrap().unwrap();
    let kind = "differs:accepted → closed_hours".to_owned();
    let sample = DifferenceSample {
        kind: kind.clone(),
        request_id: "a".to_owned(),
        at: clock.now(),
        replica: "a1".to_owned(),
    };
    let new = NewDifferences { rollout: begun.id, counts: vec![(kind, 1)], samples: vec![sample] };
    store.differences_add(&new).await.unwrap();
    assert_eq!(store.differences(begun.id).await.unwrap().samples.len(), 1);
    let (what, probation) = (RolloutChange::Abort, Duration::ZERO);
    store.rollout_change(place, None, what, probation, &change, None).await.unwrap();
    assert_eq!(store.rollouts(place, 9).await.unwrap().len(), 1);
    clock.advance(Duration::from_hours(24));
    assert_eq!(store.rollouts_forget(clock.now()).await.unwrap(), 1);
}

#[tokio::test]
async fn migrating_needs_a_postgresql() {
    let (_folder, settings) = Process::folder();
    let migrated = Process::command(&settings, &["migrate"]).await;
    assert_eq!(migrated.code, Some(2));
    assert!(migrated.errors.contains("DATABASE_URL"), "{}", migrated.errors);
}
