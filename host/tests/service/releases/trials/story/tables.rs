//! All tables of a database, compared by what their rows say whoever they are about and whenever
//! they were written.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::support::{OwnDatabase, eventually};

/// What replicas say of themselves all the time, and what came of the comparison itself.
const OF_TRIALS: [&str; 3] = ["policy_replicas", "policy_differences", "policy_difference_samples"];

/// How many rows of each form a table has.
pub(super) type Tables = BTreeMap<(String, String), i64>;

/// All tables, once all events are published.
pub(super) async fn all(database: &OwnDatabase) -> Tables {
    let mut connection = database.connection().await;
    eventually("events that are published", async || {
        let waiting = "SELECT count(*) FROM auth.outbox WHERE published_at IS NULL";
        let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut connection).await.unwrap();
        (waiting == 0).then_some(())
    })
    .await;
    let names = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'auth'";
    let names: Vec<String> = sqlx::query_scalar(names).fetch_all(&mut connection).await.unwrap();
    assert!(names.len() > 15, "tables are missing: {names:?}");
    let mut tables = Tables::new();
    for name in names.into_iter().filter(|name| !OF_TRIALS.contains(&name.as_str())) {
        for row in rows(&mut connection, &name).await {
            *tables.entry((name.clone(), row)).or_default() += 1;
        }
    }
    tables
}

async fn rows(connection: &mut PgConnection, table: &str) -> Vec<String> {
    let statement = format!("SELECT row_to_json(row)::text FROM auth.{table} AS row");
    let texts = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(connection);
    let texts: Vec<String> = texts.await.unwrap();
    let of = |text: &String| form(&serde_json::from_str(text).unwrap()).to_string();
    texts.iter().map(of).collect()
}

/// What has come and gone since.
pub(super) fn grown(before: &Tables, after: &Tables) -> Tables {
    let mut grown = after.clone();
    for (form, count) in before {
        *grown.entry(form.clone()).or_default() -= count;
    }
    grown.retain(|_, count| *count != 0);
    grown
}

/// A value without what differs from person to person and from time to time; words stay, and so do
/// the names of members.
fn form(value: &Value) -> Value {
    match value {
        Value::Number(_) => json!(0),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(inner @ Value::Object(_)) => form(&inner),
            _ if is_word(text) => value.clone(),
            _ => json!("..."),
        },
        Value::Array(values) => values.iter().map(form).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), form(value))).collect()
        }
        Value::Null | Value::Bool(_) => value.clone(),
    }
}

fn is_word(text: &str) -> bool {
    text.len() < 40 && text.chars().all(|letter| letter.is_alphabetic() || " _-.".contains(letter))
}
