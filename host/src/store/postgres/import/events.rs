//! Events that the old service has not sent: they move into our outbox, and are marked over there
//! in the same transaction.

use aws_lc_rs::digest;
use serde_json::Value;
use sqlx::postgres::{PgRow, PgTransaction};
use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

use super::cursor;
use super::tables::OldTable;
use crate::clock::Timestamp;
use crate::store::import::{EXAMPLES, Example, Finding, Outcome, Part};

/// Rows that are read and written at once.
const BATCH: u32 = 500;
/// The longest routing key that AMQP has.
const MAX_TYPE_BYTES: usize = 255;
/// The largest payload that is taken over: the relay holds hundreds of them at once.
const MAX_PAYLOAD_BYTES: usize = 256 * 1024;
/// The longest ordering key; a longer one is no user's id.
const MAX_KEY_BYTES: usize = 255;

const APPEND: &str = "
    INSERT INTO auth.outbox (message_id, event_type, ordering_key, payload, created_at)
    SELECT message_id::uuid, event_type, ordering_key, payload,
           coalesce(created_at, (extract(epoch FROM now()) * 1000)::bigint)
      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) WITH ORDINALITY
              AS event (message_id, event_type, ordering_key, payload, created_at, place)
     ORDER BY place
    ON CONFLICT (message_id) DO NOTHING";

/// Takes events over, and tells what became of each.
pub(super) async fn take_over(
    transaction: &mut PgTransaction<'_>,
    old: &OldTable,
) -> anyhow::Result<Part> {
    sqlx::raw_sql("CREATE TEMPORARY TABLE taken (id TEXT PRIMARY KEY) ON COMMIT DROP")
        .execute(&mut **transaction)
        .await?;
    let event_type = format!("left({}, {})", old.text("event_type"), MAX_TYPE_BYTES + 1);
    let payload =
        format!("substring({} FROM 1 FOR {})", old.bytes("payload"), MAX_PAYLOAD_BYTES + 1);
    let created_at = old.moment("created_at");
    // Of the table's columns, and not of the texts that are selected: those would put 10 before 9.
    let order = if old.is_number("id") { "old.id" } else { "old.created_at, old.id" };
    let table = old.name();
    let query = format!(
        "SELECT id::text, {event_type}, {payload}, {created_at}
           FROM {table} AS old
          WHERE processed IS NOT TRUE
          ORDER BY {order}"
    );
    cursor::open(transaction, &query).await?;
    let mut findings = Findings::default();
    loop {
        let rows = cursor::next(transaction, BATCH).await?;
        if rows.is_empty() {
            break;
        }
        let mut batch = Batch::default();
        for row in &rows {
            let event = OldEvent::read(row)?;
            match event.outcome() {
                Ok((event_type, user_id)) => batch.push(table, &event, event_type, user_id),
                Err(outcome) => findings.skip(outcome, event.id),
            }
        }
        findings.imported += batch.append(transaction).await?;
        findings.taken += i64::try_from(batch.ids.len())?;
    }
    let mark = format!(
        "UPDATE {table} AS old SET processed = TRUE, processed_at = now()
           FROM pg_temp.taken
          WHERE old.id::text = taken.id"
    );
    sqlx::query(AssertSqlSafe(mark)).execute(&mut **transaction).await?;
    Ok(findings.part(table))
}

/// A row of the old outbox.
struct OldEvent {
    id: String,
    event_type: Option<String>,
    payload: Option<String>,
    created_at: Option<Timestamp>,
}

impl OldEvent {
    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        let payload: Option<Vec<u8>> = row.try_get(2)?;
        Ok(Self {
            id: row.try_get::<Option<String>, _>(0)?.unwrap_or_default(),
            event_type: row.try_get(1)?,
            // In JSON line ends are spaces; if events are lines of a file, they would be more.
            payload: payload
                .and_then(|payload| String::from_utf8(payload).ok())
                .map(|text| text.replace(['\n', '\r'], " ")),
            created_at: row.try_get(3)?,
        })
    }

    /// The type that it has here, and the user that it tells of; or why it is not taken over.
    fn outcome(&self) -> Result<(&str, Option<String>), Outcome> {
        let event_type = match self.event_type.as_deref().map(str::trim) {
            Some("user.created" | "users.created" | "user_created") => "user.created",
            Some(other) if !other.is_empty() && other.len() <= MAX_TYPE_BYTES => other,
            _ => return Err(Outcome::BadType),
        };
        match self
            .payload
            .as_deref()
            .filter(|payload| payload.len() <= MAX_PAYLOAD_BYTES)
            .map(serde_json::from_str)
        {
            Some(Ok(Value::Object(body))) => Ok((event_type, body.get("user_id").and_then(text))),
            _ => Err(Outcome::BadPayload),
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        // PostgreSQL's text has no U+0000.
        Value::String(text) => Some(text.replace('\0', "\u{fffd}"))
            .filter(|text| !text.is_empty() && text.len() <= MAX_KEY_BYTES),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The same for the same row, also in a copy of the database: consumers drop repeats by it.
fn message_id(table: &str, id: &str) -> Uuid {
    let label = format!("auth-host import legacy\0{table}\0{id}");
    let hash = digest::digest(&digest::SHA256, label.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Columns of events to append.
#[derive(Default)]
struct Batch {
    ids: Vec<String>,
    message_ids: Vec<String>,
    event_types: Vec<String>,
    ordering_keys: Vec<String>,
    payloads: Vec<String>,
    created_at: Vec<Option<Timestamp>>,
}

impl Batch {
    fn push(&mut self, table: &str, event: &OldEvent, event_type: &str, user_id: Option<String>) {
        self.ids.push(event.id.clone());
        self.message_ids.push(message_id(table, &event.id).to_string());
        self.event_types.push(event_type.to_owned());
        self.ordering_keys.push(user_id.unwrap_or_else(|| event.id.clone()));
        self.payloads.push(event.payload.clone().unwrap_or_default());
        self.created_at.push(event.created_at);
    }

    /// How many of them were not there yet.
    async fn append(&self, transaction: &mut PgTransaction<'_>) -> anyhow::Result<i64> {
        let append = sqlx::query(APPEND)
            .bind(&self.message_ids)
            .bind(&self.event_types)
            .bind(&self.ordering_keys)
            .bind(&self.payloads);
        let appended =
            append.bind(&self.created_at).execute(&mut **transaction).await?.rows_affected();
        // Ids that are not unique would lose events: then it fails here.
        let take = "INSERT INTO pg_temp.taken SELECT unnest($1::text[])";
        sqlx::query(take).bind(&self.ids).execute(&mut **transaction).await?;
        Ok(i64::try_from(appended)?)
    }
}

#[derive(Default)]
struct Findings {
    imported: i64,
    taken: i64,
    bad_types: Vec<String>,
    bad_payloads: Vec<String>,
}

impl Findings {
    fn skip(&mut self, outcome: Outcome, id: String) {
        if outcome == Outcome::BadType {
            self.bad_types.push(id);
        } else {
            self.bad_payloads.push(id);
        }
    }

    fn part(self, table: &str) -> Part {
        let skipped = |outcome, ids: Vec<String>| Finding {
            outcome,
            count: i64::try_from(ids.len()).unwrap_or(i64::MAX),
            examples: ids
                .into_iter()
                .take(EXAMPLES as usize)
                .map(|id| Example { id, email: None })
                .collect(),
        };
        let done = |outcome, count| Finding { outcome, count, examples: Vec::new() };
        let findings = vec![
            done(Outcome::Imported, self.imported),
            done(Outcome::There, self.taken - self.imported),
            skipped(Outcome::BadType, self.bad_types),
            skipped(Outcome::BadPayload, self.bad_payloads),
        ];
        Part { table: table.to_owned(), findings }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(event_type: &str, payload: &str) -> OldEvent {
        OldEvent {
            id: "9".into(),
            event_type: Some(event_type.into()),
            payload: Some(payload.into()),
            created_at: None,
        }
    }

    #[test]
    fn the_old_names_of_user_created_become_the_contracts() {
        for name in ["user.created", "users.created", "user_created", " user.created "] {
            assert_eq!(
                event(name, r#"{"user_id":7}"#).outcome(),
                Ok(("user.created", Some("7".into())))
            );
        }
        assert_eq!(
            event("user.deleted", r#"{"user_id":"7"}"#).outcome(),
            Ok(("user.deleted", Some("7".into())))
        );
        assert_eq!(event("other", "{}").outcome(), Ok(("other", None)));
        assert_eq!(
            event("other", r#"{"user_id":"a\u0000b"}"#).outcome(),
            Ok(("other", Some("a\u{fffd}b".into())))
        );
        assert_eq!(
            event("other", &format!(r#"{{"user_id":"{}"}}"#, "x".repeat(256))).outcome(),
            Ok(("other", None))
        );
    }

    #[test]
    fn what_cannot_be_published_stays_where_it_is() {
        let large = format!(r#"{{"user_id":7,"name":"{}"}}"#, "x".repeat(MAX_PAYLOAD_BYTES));
        for payload in ["", "[]", "7", "{", "null", r#""{\"user_id\":7}""#, &large] {
            assert_eq!(
                event("user.created", payload).outcome(),
                Err(Outcome::BadPayload),
                "{payload:?}"
            );
        }
        for name in ["", " ", &"x".repeat(256)] {
            assert_eq!(event(name, "{}").outcome(), Err(Outcome::BadType), "{name:?}");
        }
    }

    #[test]
    fn a_message_id_follows_from_table_and_id() {
        let id = message_id("\"public\".outbox", "9");
        assert_eq!(id, message_id("\"public\".outbox", "9"));
        assert_eq!(id.get_version_num(), 8);
        assert_ne!(id, message_id("\"public\".outbox", "10"));
        assert_ne!(id, message_id("\"old\".outbox", "9"));
    }
}
