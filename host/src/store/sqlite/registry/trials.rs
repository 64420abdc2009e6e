//! Trials: what is noted of them, and what came of comparing two decisions.

use uuid::Uuid;

use super::super::database::Sqlite;
use super::super::writer::Transaction;
use super::parts::PLACES;
use super::statements::TRIM_SAMPLES;
use super::transaction::{Changing, all};
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::store::registry::{
    Candidate, Differences, Fitted, KEPT_SAMPLES, KEPT_SAMPLES_OF_KIND, NewDifferences, PlaceRow,
    Registry as _, Rollout, Trials, as_json, as_word,
};

/// Trials that are forgotten in one statement: they take their differences along.
const FORGOTTEN: i64 = 5;
/// Samples that are forgotten in one statement.
const FORGOTTEN_SAMPLES: i64 = 1000;

impl Trials for Changing<'_> {
    async fn places(&mut self) -> Result<Vec<PlaceRow>, StoreError> {
        all(&self.run(sqlx::query(PLACES)).await?)
    }

    async fn add_rollout(&mut self, place: &str, candidate: &Candidate) -> Result<(), StoreError> {
        let insert = sqlx::query(
            "INSERT INTO policy_rollouts (rollout, place, number, base, mode, began_at, began_by,
                                          why)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        );
        let insert = insert
            .bind(candidate.rollout.to_string())
            .bind(place)
            .bind(candidate.release)
            .bind(candidate.base)
            .bind(as_word(&candidate.plan.mode))
            .bind(candidate.began_at)
            .bind(&candidate.began_by)
            .bind(&candidate.why);
        self.done(insert).await
    }

    async fn end_rollout(&mut self, rollout: Uuid, ending: &str) -> Result<(), StoreError> {
        let now = self.now();
        let update = sqlx::query(
            "UPDATE policy_rollouts SET ended_at = ?2, ending = ?3
              WHERE rollout = ?1 AND ended_at IS NULL",
        );
        self.done(update.bind(rollout.to_string()).bind(now).bind(ending)).await
    }
}

impl Sqlite {
    pub(in crate::store) async fn rollouts(
        &self,
        place: &str,
        most: u32,
    ) -> Result<Vec<Rollout>, StoreError> {
        let question = sqlx::query_as(
            "SELECT rollout, place, number, base, mode, began_at, began_by, why, ended_at, ending
               FROM policy_rollouts
              WHERE place = ?1
              ORDER BY sequence DESC
              LIMIT ?2",
        );
        self.told(question.bind(place).bind(i64::from(most)).fetch_all(self.readers()?).await)
    }

    pub(in crate::store) async fn differences(
        &self,
        rollout: Uuid,
    ) -> Result<Differences, StoreError> {
        let id = rollout.to_string();
        let counts = sqlx::query_as(
            "SELECT kind, count FROM policy_differences
              WHERE rollout = ?1 ORDER BY count DESC, kind",
        );
        let counts: Vec<(String, i64)> =
            self.told(counts.bind(&id).fetch_all(self.readers()?).await)?;
        let samples = sqlx::query_as(
            "SELECT kind, request_id, at, replica FROM policy_difference_samples
              WHERE rollout = ?1 ORDER BY at DESC, sequence DESC",
        );
        let samples = self.told(samples.bind(&id).fetch_all(self.readers()?).await)?;
        let counts = counts.into_iter().map(|(kind, count)| (kind, count.unsigned_abs())).collect();
        Ok(Differences { counts, samples })
    }

    pub(in crate::store) async fn differences_add(
        &self,
        new: &NewDifferences,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let done = add(&mut transaction, new).await;
        transaction.end(done).await
    }

    pub(in crate::store) async fn rollouts_forget(
        &self,
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        // Those that ended unseen: their candidate could not be read by whoever ended them.
        let unseen = sqlx::query(
            "UPDATE policy_rollouts SET ended_at = ?2, ending = 'overtaken'
              WHERE ended_at IS NULL AND began_at < ?1
                AND NOT EXISTS (SELECT 1 FROM policy_places AS place
                                 WHERE instr(place.candidate, policy_rollouts.rollout) > 0)",
        );
        self.execute(unseen.bind(before).bind(self.clock.now())).await?;
        let rollouts = sqlx::query(
            "DELETE FROM policy_rollouts
              WHERE sequence IN (SELECT sequence FROM policy_rollouts WHERE ended_at < ? LIMIT ?)",
        );
        let rollouts = self.execute(rollouts.bind(before).bind(FORGOTTEN)).await?;
        let samples = sqlx::query(
            "DELETE FROM policy_difference_samples
              WHERE sequence IN (SELECT sequence FROM policy_difference_samples
                                  WHERE at < ? LIMIT ?)",
        );
        let samples = self.execute(samples.bind(before).bind(FORGOTTEN_SAMPLES)).await?;
        Ok(rollouts + samples)
    }
}

async fn add(transaction: &mut Transaction<'_>, new: &NewDifferences) -> Result<(), StoreError> {
    let id = new.rollout.to_string();
    let is_known = sqlx::query("SELECT 1 FROM policy_rollouts WHERE rollout = ?1");
    if is_known.bind(&id).fetch_optional(&mut **transaction).await?.is_none() {
        return Ok(());
    }
    let known = sqlx::query_as("SELECT kind FROM policy_differences WHERE rollout = ?1");
    let known: Vec<(String,)> = known.bind(&id).fetch_all(&mut **transaction).await?;
    let fitted = Fitted::of(new, known.into_iter().map(|(kind,)| kind).collect());
    let counted = sqlx::query(
        "INSERT INTO policy_differences (rollout, kind, count)
         SELECT ?1, value ->> 0, value ->> 1 FROM json_each(?2) WHERE true
         ON CONFLICT (rollout, kind) DO UPDATE SET count = count + excluded.count",
    );
    let counted = counted.bind(&id).bind(as_json(&fitted.counts));
    counted.execute(&mut **transaction).await?;
    if fitted.samples.is_empty() {
        return Ok(());
    }
    let insert = sqlx::query(
        "INSERT INTO policy_difference_samples (rollout, kind, request_id, replica, at)
         SELECT ?1, value ->> 'kind', value ->> 'request_id', value ->> 'replica', value ->> 'at'
           FROM json_each(?2)",
    );
    let insert = insert.bind(&id).bind(as_json(&fitted.samples));
    insert.execute(&mut **transaction).await?;
    let trim = sqlx::query(TRIM_SAMPLES);
    let trim = trim.bind(&id).bind(KEPT_SAMPLES_OF_KIND).bind(KEPT_SAMPLES);
    trim.execute(&mut **transaction).await?;
    Ok(())
}
