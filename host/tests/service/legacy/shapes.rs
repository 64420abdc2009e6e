//! Nobody fixed the types of the old tables; and what cannot be used is named.

use sqlx::Connection as _;

use super::{OldDatabase, bcrypt_of, import};
use crate::support::{Person, secret_text};

/// A role that is called `auth` looks into the schema of its own name first: there an old service
/// would find our outbox for its own.
#[tokio::test]
async fn a_role_that_would_take_our_tables_for_the_old_ones_is_refused() {
    let mut old = OldDatabase::new().await;
    let settings =
        [("DATABASE_URL", &*format!("{}?options=-csearch_path%3Dauth,public", old.database.url()))];
    let expected =
        ["Nothing was done", "ALTER ROLE postgres IN DATABASE", "SET search_path = public"];
    import(&settings, &["--dry-run"]).await.says(2, &expected);
    assert_eq!(old.rows("SELECT to_regnamespace('auth')::text").await, [""]);
}

#[tokio::test]
async fn other_types_of_columns_will_do_in_another_schema() {
    let tables = "
        CREATE SCHEMA \"Old\";
        CREATE TABLE \"Old\".auth_data (user_id bigint, email char(40), hash_pass bytea, created_at timestamp);
        CREATE TABLE \"Old\".outbox (id uuid PRIMARY KEY, event_type text, payload bytea, \
                       processed boolean, processed_at timestamptz, created_at timestamptz);";
    let mut old = OldDatabase::with(tables).await;
    let person = Person { email: "Leo@example.com".to_owned(), password: secret_text() };
    let hash = bcrypt_of(&person.password, 4);
    old.execute(&format!(
        "INSERT INTO \"Old\".auth_data VALUES (7, '{}', '{hash}', '2020-01-01'), \
         (NULL, NULL, NULL, NULL)",
        person.email
    ))
    .await;
    let event = |id: u128, payload: &str, minute: u32| {
        format!(
            "('{}', 'user.created', '{payload}', NULL, NULL, '2026-01-01T00:{minute:02}:00Z')",
            uuid::Uuid::from_u128(id)
        )
    };
    // Their ids say nothing of their order; the last one is no text at all.
    let events = [
        event(3, "{\"user_id\":1}", 1),
        event(2, "{\"user_id\":2}", 2),
        event(1, "{\"user_id\":3}", 3),
        event(4, "\\xff00", 4),
    ]
    .join(", ");
    old.execute(&format!("INSERT INTO \"Old\".outbox VALUES {events}")).await;
    let expected = [
        "Old.auth_data: 2 accounts",
        " 1  imported",
        "id NULL",
        "Old.outbox: 4 events",
        " 3  imported",
        "ids beyond 7",
    ];
    old.import(&["--schema", "Old"]).await.says(1, &expected);
    assert_eq!(
        old.rows("SELECT payload FROM auth.outbox ORDER BY sequence").await,
        ["{\"user_id\":1}", "{\"user_id\":2}", "{\"user_id\":3}"]
    );
    let service = old.service().start().await;
    assert_eq!(service.login(&person).await.tokens().user_id, 7);
    service.stop().await;
}

#[tokio::test]
async fn without_an_outbox_there_are_no_events() {
    let mut old = OldDatabase::new().await;
    old.execute("DROP TABLE outbox").await;
    old.person("leo@example.com").await;
    old.import(&[]).await.says(0, &[" 1  imported", "no table outbox"]);
}

#[tokio::test]
async fn what_is_missing_is_named_and_nothing_is_written() {
    let mut old = OldDatabase::new().await;
    old.person("leo@example.com").await;
    old.import(&["--schema", "elsewhere"])
        .await
        .says(2, &["there is no table elsewhere.auth_data", "--schema"]);
    old.import(&["--schema", "a\"; DROP TABLE auth_data; --"])
        .await
        .says(2, &["is not the name of a schema"]);
    old.execute("ALTER TABLE outbox RENAME payload TO body").await;
    old.import(&[]).await.says(
        2,
        &["\"public\".outbox has no column payload; it has body, created_at, event_type, \
           id, processed, processed_at"],
    );
    old.execute("ALTER TABLE outbox RENAME body TO payload").await;
    old.execute("ALTER TABLE outbox ALTER processed DROP DEFAULT, ALTER processed TYPE text").await;
    old.import(&[]).await.says(
        2,
        &["the column processed of the table \"public\".outbox is of the \
           type text, and should be bool"],
    );
    old.execute("ALTER TABLE auth_data RENAME hash_pass TO password").await;
    old.import(&[]).await.says(
        2,
        &["\"public\".auth_data has no column hash_pass; it has email, password, user_id"],
    );
    assert_eq!(old.rows("SELECT count(*)::text FROM auth.accounts").await, ["0"]);
}

#[tokio::test]
async fn an_old_service_that_still_writes_is_noticed() {
    let mut old = OldDatabase::new().await;
    old.person("leo@example.com").await;
    let mut writer = old.database.connection().await;
    let mut transaction = writer.begin().await.unwrap();
    sqlx::query("UPDATE auth_data SET email = 'other@example.com'")
        .execute(&mut *transaction)
        .await
        .unwrap();
    old.import(&[]).await.says(2, &["stop the old service first", "Nothing was written"]);
    transaction.rollback().await.unwrap();
    old.import(&[]).await.says(0, &[" 1  imported", "Others have 2 connections to this database"]);
    writer.close().await.unwrap();
}

#[tokio::test]
async fn there_is_nothing_to_take_over_without_postgresql() {
    import(&[], &[]).await.says(2, &["set DATABASE_URL or POSTGRES_HOST"]);
}
