//! Accounts: they are read in batches into a table that lives as long as the transaction, and
//! judged and written there all at once.

use anyhow::Context as _;
use sqlx::Row as _;
use sqlx::postgres::{PgRow, PgTransaction};

use super::cursor;
use super::locks;
use super::tables::OldTable;
use crate::email;
use crate::passwords::StoredHash;
use crate::store::import::{EXAMPLES, Example, Finding, Outcome, Part};

/// Rows that are read and written at once: at most a few MiB.
const BATCH: u32 = 5000;
/// The highest id that is taken over: what JSON's numbers hold exactly, far from the end of the
/// sequence.
const MAX_ID: i64 = (1 << 53) - 1;

/// `place` tells rows apart, whatever else they share. Without an outcome a row is still to be
/// judged.
const WORK_TABLE: &str = "
    CREATE TEMPORARY TABLE incoming (
        place BIGINT GENERATED ALWAYS AS IDENTITY, old_id TEXT, user_id BIGINT,
        spelling TEXT COLLATE \"C\", canonical TEXT COLLATE \"C\", hash TEXT, created_at BIGINT,
        twin BOOLEAN NOT NULL DEFAULT FALSE, outcome TEXT
    ) ON COMMIT DROP";

const LOAD: &str = "
    INSERT INTO pg_temp.incoming (old_id, user_id, spelling, canonical, hash, created_at, outcome)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[],
                         $6::bigint[], $7::text[])";

/// One after the other; each looks at those that are still to be judged.
const JUDGE: [&str; 10] = [
    "ANALYZE pg_temp.incoming",
    "UPDATE pg_temp.incoming SET outcome = 'id taken'
       FROM (SELECT place, row_number() OVER (PARTITION BY user_id ORDER BY place) AS number
               FROM pg_temp.incoming WHERE outcome IS NULL) AS same
      WHERE incoming.place = same.place AND number > 1",
    "UPDATE pg_temp.incoming SET outcome = 'duplicate'
       FROM (SELECT place, row_number() OVER (PARTITION BY spelling ORDER BY user_id) AS number
               FROM pg_temp.incoming WHERE outcome IS NULL) AS same
      WHERE incoming.place = same.place AND number > 1",
    "UPDATE pg_temp.incoming
        SET outcome = CASE WHEN account.email IN (canonical, spelling) THEN 'there'
                           ELSE 'id taken' END
       FROM auth.accounts AS account
      WHERE account.user_id = incoming.user_id AND outcome IS NULL",
    "UPDATE pg_temp.incoming SET outcome = 'removed'
       FROM auth.imported_accounts AS imported
      WHERE imported.user_id = incoming.user_id AND outcome IS NULL",
    "UPDATE pg_temp.incoming SET twin = TRUE
      WHERE (outcome IS NULL OR outcome = 'there')
        AND canonical IN (SELECT canonical FROM pg_temp.incoming
                           WHERE outcome IS NULL OR outcome = 'there'
                           GROUP BY canonical HAVING count(*) > 1)",
    // Who loses to an account that is here already is told below.
    "INSERT INTO auth.accounts (user_id, email, password_hash, created_at)
     SELECT user_id,
            -- Twins keep their own spellings, everybody else gets the canonical form.
            CASE WHEN twin THEN spelling ELSE canonical END,
            hash, coalesce(created_at, (extract(epoch FROM now()) * 1000)::bigint)
       FROM pg_temp.incoming WHERE outcome IS NULL ORDER BY user_id
     ON CONFLICT DO NOTHING",
    "UPDATE pg_temp.incoming
        SET outcome = CASE WHEN EXISTS (SELECT 1 FROM auth.accounts
                                         WHERE accounts.user_id = incoming.user_id)
                           THEN 'imported' ELSE 'email taken' END
      WHERE outcome IS NULL",
    "INSERT INTO auth.imported_accounts (user_id)
     SELECT user_id FROM pg_temp.incoming WHERE outcome IN ('imported', 'there')
     ON CONFLICT DO NOTHING",
    // What no twin has as its very spelling, nobody shall register.
    "INSERT INTO auth.reserved_emails (email)
     SELECT DISTINCT canonical FROM pg_temp.incoming
      WHERE twin AND outcome IN ('imported', 'there')
        AND NOT EXISTS (SELECT 1 FROM auth.accounts WHERE email = canonical)
     ON CONFLICT DO NOTHING",
];

/// Takes accounts over, and tells what became of each.
pub(super) async fn take_over(
    transaction: &mut PgTransaction<'_>,
    old: &OldTable,
) -> anyhow::Result<Part> {
    sqlx::raw_sql(WORK_TABLE)
        .execute(&mut **transaction)
        .await
        .context("a temporary table cannot be made; nothing was written")?;
    // Longer texts are none of these things; they are not read as a whole.
    let text = |column| format!("left({}, 1024)", old.text(column));
    let (id, email, hash, created_at) =
        (text("user_id"), text("email"), text("hash_pass"), old.moment("created_at"));
    cursor::open(
        transaction,
        &format!(
            "SELECT {id}, {email}, {hash}, {created_at} FROM {} AS old ORDER BY old.user_id",
            old.name()
        ),
    )
    .await?;
    loop {
        let rows = cursor::next(transaction, BATCH).await?;
        if rows.is_empty() {
            break;
        }
        let mut batch = Batch::default();
        for row in &rows {
            batch.push(row)?;
        }
        batch.load(transaction).await?;
    }
    // From now on nobody registers: a service that runs meanwhile waits as short as can be.
    locks::hold(transaction, &["auth.accounts"]).await?;
    for statement in JUDGE {
        sqlx::query(statement).persistent(false).execute(&mut **transaction).await?;
    }
    findings(transaction, old).await
}

/// Columns of rows that were read.
#[derive(Default)]
struct Batch {
    old_ids: Vec<Option<String>>,
    user_ids: Vec<Option<i64>>,
    spellings: Vec<Option<String>>,
    canonicals: Vec<Option<String>>,
    hashes: Vec<Option<String>>,
    created_at: Vec<Option<i64>>,
    outcomes: Vec<Option<&'static str>>,
}

impl Batch {
    fn push(&mut self, row: &PgRow) -> Result<(), sqlx::Error> {
        let old_id: Option<String> = row.try_get(0)?;
        let user_id = old_id
            .as_deref()
            .and_then(|id| id.parse().ok())
            .filter(|id: &i64| (1..=MAX_ID).contains(id));
        // Login compares with what was typed, without the spaces around it.
        let spelling = row.try_get::<Option<String>, _>(1)?.map(|email| email.trim().to_owned());
        let canonical = spelling
            .as_deref()
            .filter(|email| email.len() <= email::MAX_BYTES)
            .and_then(email::canonical);
        let hash: Option<String> = row.try_get(2)?;
        let outcome = if user_id.is_none() {
            Some(Outcome::BadId)
        } else if canonical.is_none() {
            Some(Outcome::BadEmail)
        } else if hash.as_deref().and_then(StoredHash::of).is_none() {
            Some(Outcome::BadHash)
        } else {
            None
        };
        self.old_ids.push(old_id);
        self.user_ids.push(user_id);
        self.spellings.push(spelling);
        self.canonicals.push(canonical);
        self.hashes.push(hash);
        self.created_at.push(row.try_get(3)?);
        self.outcomes.push(outcome.map(Outcome::as_str));
        Ok(())
    }

    async fn load(&self, transaction: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
        let load = sqlx::query(LOAD)
            .bind(&self.old_ids)
            .bind(&self.user_ids)
            .bind(&self.spellings)
            .bind(&self.canonicals);
        load.bind(&self.hashes)
            .bind(&self.created_at)
            .bind(&self.outcomes)
            .execute(&mut **transaction)
            .await?;
        Ok(())
    }
}

async fn findings(transaction: &mut PgTransaction<'_>, old: &OldTable) -> anyhow::Result<Part> {
    // Twins have another outcome besides; they come side by side.
    let which = "FROM pg_temp.incoming WHERE CASE WHEN $1 = 'twin' THEN twin ELSE outcome = $1 END";
    let count = format!("SELECT count(*) {which}");
    let examples = format!(
        "SELECT coalesce(old_id, 'NULL'), spelling {which}
          ORDER BY CASE WHEN $1 = 'twin' THEN canonical END, user_id, place
          LIMIT {EXAMPLES}"
    );
    let mut findings = Vec::new();
    for outcome in Outcome::ALL {
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(count.as_str()))
            .bind(outcome.as_str())
            .fetch_one(&mut **transaction)
            .await?;
        let mut finding = Finding { outcome, count, examples: Vec::new() };
        if count > 0 && (outcome.is_skipped() || outcome == Outcome::Twin) {
            let rows = sqlx::query(sqlx::AssertSqlSafe(examples.as_str()))
                .bind(outcome.as_str())
                .fetch_all(&mut **transaction)
                .await?;
            for row in rows {
                finding.examples.push(Example { id: row.try_get(0)?, email: row.try_get(1)? });
            }
        }
        findings.push(finding);
    }
    Ok(Part { table: old.name().to_owned(), findings })
}

/// How many imported accounts have a bcrypt hash of each cost.
pub(super) async fn bcrypt_costs(
    transaction: &mut PgTransaction<'_>,
) -> anyhow::Result<Vec<(String, i64)>> {
    let question = "SELECT substr(hash, 5, 2), count(*) FROM pg_temp.incoming
                     WHERE outcome = 'imported' AND hash LIKE '$2%' GROUP BY 1 ORDER BY 1";
    Ok(sqlx::query_as(question).fetch_all(&mut **transaction).await?)
}

/// The highest id that an account has or had, here or there: other services may know what belonged
/// to it.
pub(super) async fn last_id(
    transaction: &mut PgTransaction<'_>,
    old: &OldTable,
) -> anyhow::Result<i64> {
    let question = "
        SELECT greatest((SELECT max(user_id) FROM pg_temp.incoming),
                        (SELECT max(user_id) FROM auth.accounts),
                        (SELECT max(pg_sequence_last_value(sequence::regclass))
                           FROM (VALUES (pg_get_serial_sequence('auth.accounts', 'user_id')),
                                        (pg_get_serial_sequence($1, 'user_id')))
                                AS counter (sequence)
                          WHERE sequence IS NOT NULL
                            AND has_sequence_privilege(sequence, 'USAGE')), 0)";
    Ok(sqlx::query_scalar(question).bind(old.name()).fetch_one(&mut **transaction).await?)
}

/// New accounts get ids beyond this one.
pub(super) async fn go_on_after(
    transaction: &mut PgTransaction<'_>,
    last_id: i64,
) -> anyhow::Result<()> {
    if last_id > 0 {
        let statement = "SELECT setval(pg_get_serial_sequence('auth.accounts', 'user_id'), $1)";
        sqlx::query(statement).bind(last_id).execute(&mut **transaction).await?;
    }
    Ok(())
}
