//! Trials: what is noted of them, and what came of comparing two decisions. Who adds differences
//! to a trial waits for others who do, so that all replicas together keep its bounds.

use sqlx::FromRow as _;
use uuid::Uuid;

use super::super::database::Postgres;
use super::super::rows::{all, without_nul};
use super::super::transaction::Transaction;
use super::parts::PLACES;
use super::transaction::Changing;
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::store::registry::{
    Candidate, DifferenceSample, Differences, Fitted, KEPT_SAMPLES, KEPT_SAMPLES_OF_KIND,
    NewDifferences, PlaceRow, Registry as _, Rollout, Trials, as_word,
};

/// Trials that are forgotten in one statement: they take their differences along.
const FORGOTTEN: i64 = 20;
/// Samples that are forgotten in one statement.
const FORGOTTEN_SAMPLES: i64 = 1000;

impl Trials for Changing<'_> {
    async fn places(&mut self) -> Result<Vec<PlaceRow>, StoreError> {
        all(&self.run(sqlx::query(PLACES)).await?)
    }

    async fn add_rollout(&mut self, place: &str, candidate: &Candidate) -> Result<(), StoreError> {
        let insert = sqlx::query(
            "INSERT INTO auth.policy_rollouts (rollout, place, number, base, mode, began_at,
                                               began_by, why)
             VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8)",
        );
        let insert = insert
            .bind(candidate.rollout.to_string())
            .bind(without_nul(place))
            .bind(candidate.release)
            .bind(candidate.base)
            .bind(as_word(&candidate.plan.mode))
            .bind(candidate.began_at)
            .bind(without_nul(&candidate.began_by))
            .bind(without_nul(&candidate.why));
        self.done(insert).await
    }

    async fn end_rollout(&mut self, rollout: Uuid, ending: &str) -> Result<(), StoreError> {
        let now = self.now();
        let update = sqlx::query(
            "UPDATE auth.policy_rollouts SET ended_at = $2, ending = $3
              WHERE rollout = $1::uuid AND ended_at IS NULL",
        );
        self.done(update.bind(rollout.to_string()).bind(now).bind(without_nul(ending))).await
    }
}

impl Postgres {
    pub(in crate::store) async fn rollouts(
        &self,
        place: &str,
        most: u32,
    ) -> Result<Vec<Rollout>, StoreError> {
        let place = without_nul(place);
        let question = || {
            sqlx::query(
                "SELECT rollout::text AS rollout, place, number, base, mode, began_at, began_by,
                        why, ended_at, ending
                   FROM auth.policy_rollouts
                  WHERE place = $1
                  ORDER BY sequence DESC
                  LIMIT $2",
            )
            .bind(&place)
            .bind(i64::from(most))
        };
        all(&self.pools.background(question).await?)
    }

    pub(in crate::store) async fn differences(
        &self,
        rollout: Uuid,
    ) -> Result<Differences, StoreError> {
        let id = rollout.to_string();
        let counts = || {
            sqlx::query(
                "SELECT kind, count FROM auth.policy_differences
                  WHERE rollout = $1::uuid ORDER BY count DESC, kind",
            )
            .bind(&id)
        };
        let counts: Vec<(String, i64)> = all(&self.pools.background(counts).await?)?;
        let samples = || {
            sqlx::query(
                "SELECT kind, request_id, at, replica FROM auth.policy_difference_samples
                  WHERE rollout = $1::uuid ORDER BY at DESC, sequence DESC",
            )
            .bind(&id)
        };
        let rows = self.pools.background(samples).await?;
        let samples = rows.iter().map(DifferenceSample::from_row).collect::<sqlx::Result<_>>()?;
        let counts = counts.into_iter().map(|(kind, count)| (kind, count.unsigned_abs())).collect();
        Ok(Differences { counts, samples })
    }

    pub(in crate::store) async fn differences_add(
        &self,
        new: &NewDifferences,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pools.begin_in_background().await?;
        let done = add(&mut transaction, new).await;
        transaction.end(done).await
    }

    pub(in crate::store) async fn rollouts_forget(
        &self,
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        // Those that ended unseen: their candidate could not be read by whoever ended them.
        let unseen = || {
            sqlx::query(
                "UPDATE auth.policy_rollouts AS rollout SET ended_at = $2, ending = 'overtaken'
                  WHERE ended_at IS NULL AND began_at < $1
                    AND NOT EXISTS (SELECT 1 FROM auth.policy_places AS place
                                     WHERE strpos(place.candidate, rollout.rollout::text) > 0)",
            )
            .bind(before)
            .bind(self.clock.now())
        };
        self.pools.background(unseen).await?;
        let rollouts = || {
            sqlx::query(
                "WITH gone AS (SELECT rollout FROM auth.policy_rollouts
                                WHERE ended_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
                 DELETE FROM auth.policy_rollouts
                  WHERE rollout = ANY (ARRAY (SELECT rollout FROM gone)) RETURNING 1",
            )
            .bind(before)
            .bind(FORGOTTEN)
        };
        let samples = || {
            sqlx::query(
                "WITH gone AS (SELECT sequence FROM auth.policy_difference_samples
                                WHERE at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
                 DELETE FROM auth.policy_difference_samples
                  WHERE sequence = ANY (ARRAY (SELECT sequence FROM gone)) RETURNING 1",
            )
            .bind(before)
            .bind(FORGOTTEN_SAMPLES)
        };
        let rollouts = self.pools.background(rollouts).await?;
        let samples = self.pools.background(samples).await?;
        Ok((rollouts.len() + samples.len()) as u64)
    }
}

async fn add(transaction: &mut Transaction<'_>, new: &NewDifferences) -> Result<(), StoreError> {
    let id = new.rollout.to_string();
    // Those who add wait for one another here, and nobody who ends the trial waits for them.
    let lock = sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 7974))");
    transaction.run(lock.bind(&id)).await?;
    let stays =
        sqlx::query("SELECT 1 FROM auth.policy_rollouts WHERE rollout = $1::uuid FOR KEY SHARE");
    if transaction.run(stays.bind(&id)).await?.is_empty() {
        return Ok(());
    }
    let known = sqlx::query("SELECT kind FROM auth.policy_differences WHERE rollout = $1::uuid");
    let known: Vec<(String,)> = all(&transaction.run(known.bind(&id)).await?)?;
    let fitted = Fitted::of(new, known.into_iter().map(|(kind,)| kind).collect());
    let (kinds, counts): (Vec<String>, Vec<i64>) = fitted.counts.into_iter().unzip();
    let counted = sqlx::query(
        "INSERT INTO auth.policy_differences AS difference (rollout, kind, count)
         SELECT $1::uuid, kind, count FROM unnest($2::text[], $3::bigint[]) AS each (kind, count)
         ON CONFLICT (rollout, kind) DO UPDATE SET count = difference.count + excluded.count",
    );
    transaction.run(counted.bind(&id).bind(&kinds).bind(&counts)).await?;
    if fitted.samples.is_empty() {
        return Ok(());
    }
    let column = |of: fn(&DifferenceSample) -> &str| -> Vec<String> {
        fitted.samples.iter().map(|sample| of(sample).to_owned()).collect()
    };
    let times: Vec<Timestamp> = fitted.samples.iter().map(|sample| sample.at).collect();
    let insert = sqlx::query(
        "INSERT INTO auth.policy_difference_samples (rollout, kind, request_id, replica, at)
         SELECT $1::uuid, kind, request_id, replica, at
           FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[])
                AS each (kind, request_id, replica, at)",
    );
    let insert = insert
        .bind(&id)
        .bind(column(|sample| &sample.kind))
        .bind(column(|sample| &sample.request_id))
        .bind(column(|sample| &sample.replica))
        .bind(times);
    transaction.run(insert).await?;
    let trim = sqlx::query(super::statements::TRIM_SAMPLES);
    let trim = trim.bind(&id).bind(KEPT_SAMPLES_OF_KIND).bind(KEPT_SAMPLES);
    transaction.run(trim).await.map(drop)
}
