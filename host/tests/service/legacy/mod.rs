//! The move from the old service: its tables are taken over in place, its passwords still open its
//! accounts, its refresh tokens are taken once.

mod accounts;
mod conflicts;
mod events;
mod passwords;
mod refresh_tokens;
mod shapes;

use bcrypt::Version;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::support::{
    JWT_SECRET, OwnDatabase, Person, Printed, Process, TestService, TestServiceBuilder, secret_text,
};

/// As the old service made them.
const TABLES: &str = "
    CREATE TABLE auth_data (user_id serial PRIMARY KEY, email varchar(255) NOT NULL, hash_pass text NOT NULL);
    CREATE TABLE outbox (id serial PRIMARY KEY, event_type varchar(64) NOT NULL, payload jsonb NOT NULL,
                         processed boolean NOT NULL DEFAULT false, processed_at timestamp, created_at timestamp NOT NULL DEFAULT now());";

/// A database that the old service left.
struct OldDatabase {
    database: OwnDatabase,
    connection: PgConnection,
}

/// How an import ended.
struct Imported(Printed);

impl OldDatabase {
    async fn new() -> Self {
        Self::with(TABLES).await
    }

    async fn with(tables: &str) -> Self {
        let database = OwnDatabase::new().await;
        let connection = database.connection().await;
        let mut old = Self { database, connection };
        old.execute(tables).await;
        old
    }

    async fn execute(&mut self, statements: &str) {
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
            .execute(&mut self.connection)
            .await
            .unwrap();
    }

    /// The rows of a query, their columns as texts with a bar between them.
    async fn rows(&mut self, query: &str) -> Vec<String> {
        let rows = sqlx::raw_sql(AssertSqlSafe(query.to_owned()))
            .fetch_all(&mut self.connection)
            .await
            .unwrap();
        let text = |row: &sqlx::postgres::PgRow| {
            (0..row.len())
                .map(|column| {
                    row.try_get_unchecked::<Option<String>, _>(column).unwrap().unwrap_or_default()
                })
                .collect::<Vec<_>>()
        };
        rows.iter().map(|row| text(row).join("|")).collect()
    }

    /// Somebody who has an account there.
    async fn person(&mut self, email: &str) -> Person {
        let person = Person { email: email.to_owned(), password: secret_text() };
        self.account(email, &bcrypt_of(&person.password, 4)).await;
        person
    }

    async fn account(&mut self, email: &str, hash: &str) {
        let insert = "INSERT INTO auth_data (email, hash_pass) VALUES ($1, $2)";
        sqlx::query(insert).bind(email).bind(hash).execute(&mut self.connection).await.unwrap();
    }

    async fn import(&self, arguments: &[&str]) -> Imported {
        import(&[("DATABASE_URL", self.database.url())], arguments).await
    }

    /// The new service, on this database.
    fn service(&self) -> TestServiceBuilder {
        TestService::with().on_database(self.database.url())
    }
}

impl Imported {
    #[track_caller]
    fn says(&self, code: i32, parts: &[&str]) {
        let Printed { code: ended, text, errors } = &self.0;
        let said = format!("{text}{errors}");
        assert_eq!(*ended, Some(code), "{said}");
        for part in parts {
            assert!(said.contains(part), "{part:?} is missing: {said}");
        }
    }
}

/// Runs `auth-host import legacy` with these settings.
async fn import(settings: &[(&str, &str)], arguments: &[&str]) -> Imported {
    let all = [("AUTH_JWT_SECRET", JWT_SECRET)]
        .iter()
        .chain(settings)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Imported(Process::command(&all.collect(), &[&["import", "legacy"], arguments].concat()).await)
}

/// As Go's bcrypt writes it.
fn bcrypt_of(password: &str, cost: u32) -> String {
    bcrypt::hash_with_salt(password, cost, *uuid::Uuid::new_v4().as_bytes())
        .unwrap()
        .format_for_version(Version::TwoA)
}

/// A statement that inserts many accounts with one password.
fn many(count: u32, hash: &str) -> String {
    format!(
        "INSERT INTO auth_data (email, hash_pass) SELECT 'User' || number || '@Example.com', '{hash}' FROM generate_series(1, {count}) AS number"
    )
}
