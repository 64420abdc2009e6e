//! A service that may not change the schema: `auth-host migrate` is run by the schema's owner.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::{OwnDatabase, Process, TestService, secret_text};

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
    service.later(std::time::Duration::from_hours(200)).await;
    service.app().cleaner.clean_once().await.unwrap();
    service.stop().await;
    execute(&mut owner, format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
}

#[tokio::test]
async fn migrating_needs_a_postgresql() {
    let (_folder, settings) = Process::folder();
    let migrated = Process::command(&settings, &["migrate"]).await;
    assert_eq!(migrated.code, Some(2));
    assert!(migrated.errors.contains("DATABASE_URL"), "{}", migrated.errors);
}
