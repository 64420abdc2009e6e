//! What changes ask of their transaction.

use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::super::database::Postgres;
use super::super::pools::Query;
use super::super::rows::{all, first, only, without_nul};
use super::super::transaction::Transaction;
use super::parts::{DEPLOYMENT, LOCK, OPEN_DEPLOYMENT, RELEASE, REPLICAS, TOKENS, seen};
use super::statements::{
    ADD_RELEASE, ADD_TOKEN, PRUNE_COMPONENTS, PRUNE_DEPLOYMENTS, PRUNE_RELEASES, SAVE, WRITE,
};
use crate::clock::Timestamp;
use crate::events::NewEvent;
use crate::hex;
use crate::store::StoreError;
use crate::store::error::MayBeWell;
use crate::store::registry::{
    AdminToken, Deployment, DeploymentState, KEPT_DEPLOYMENTS, NewAdminToken, NewLine, NewRelease,
    PRUNED_RELEASES, PlaceRow, REHEARSING, Registry, Release, Replica, as_json, as_word,
};

/// Components that are pruned in one transaction: who changes a place waits for it.
const PRUNED_COMPONENTS: i64 = 10;

/// A transaction that changes the registry.
pub(super) struct Changing<'s> {
    transaction: Transaction<'s>,
    now: Timestamp,
    /// None: the server says it best.
    given_time: Option<Timestamp>,
}

impl Postgres {
    pub(super) async fn change(&self) -> Result<Changing<'_>, StoreError> {
        let transaction = self.pools.begin_in_background().await?;
        let given_time = self.clock.unless_of_database();
        Ok(Changing { transaction, now: self.clock.now(), given_time })
    }
}

impl Changing<'_> {
    /// Commits what went well, and tells all replicas.
    pub(super) async fn end<T, E: MayBeWell>(mut self, done: Result<T, E>) -> Result<T, E> {
        let told = match done {
            Ok(value) => match self.run(sqlx::query("SELECT pg_notify('auth_policy', '')")).await {
                Ok(_) => Ok(value),
                Err(error) => Err(error.into()),
            },
            Err(error) => Err(error),
        };
        self.transaction.end(told).await
    }

    pub(super) async fn run(&mut self, statement: Query<'_>) -> Result<Vec<PgRow>, StoreError> {
        self.transaction.run(statement).await
    }

    pub(super) async fn done(&mut self, statement: Query<'_>) -> Result<(), StoreError> {
        self.run(statement).await.map(drop)
    }
}

impl Registry for Changing<'_> {
    fn now(&self) -> Timestamp {
        self.now
    }

    async fn lock(&mut self, place: &str) -> Result<PlaceRow, StoreError> {
        only(&self.run(sqlx::query(LOCK).bind(without_nul(place))).await?)
    }

    async fn lock_all(&mut self) -> Result<(), StoreError> {
        // Also of those that are not there yet.
        self.done(sqlx::query("SELECT pg_advisory_xact_lock(7973)")).await
    }

    async fn save(&mut self, row: &PlaceRow) -> Result<(), StoreError> {
        let (until, by, why) = match &row.freeze {
            Some(freeze) => (Some(freeze.until), &*freeze.by, &*freeze.why),
            None => (None, "", ""),
        };
        let update = sqlx::query(SAVE);
        let update = update
            .bind(&row.place)
            .bind(row.newest)
            .bind(row.active)
            .bind(row.revision)
            .bind(row.activated_at)
            .bind(without_nul(&row.activated_by))
            .bind(&row.previous)
            .bind(row.probation_until)
            .bind(until)
            .bind(without_nul(by))
            .bind(without_nul(why))
            .bind(row.written());
        self.done(update).await
    }

    async fn components_kept(&mut self, digests: &[String]) -> Result<Vec<String>, StoreError> {
        let kept = sqlx::query(
            // Who prunes leaves them alone from here on.
            "SELECT digest FROM auth.policy_components WHERE digest = ANY ($1) FOR KEY SHARE",
        );
        let rows: Vec<(String,)> = all(&self.run(kept.bind(digests)).await?)?;
        Ok(rows.into_iter().map(|(digest,)| digest).collect())
    }

    async fn release(&mut self, place: &str, number: i64) -> Result<Option<Release>, StoreError> {
        first(&self.run(sqlx::query(RELEASE).bind(without_nul(place)).bind(number)).await?)
    }

    async fn newest_of_directory(&mut self, place: &str) -> Result<Option<Release>, StoreError> {
        let newest = sqlx::query(
            "SELECT number FROM auth.policy_releases
              WHERE place = $1 AND source = 'directory' ORDER BY number DESC LIMIT 1",
        );
        let newest: Option<(i64,)> = first(&self.run(newest.bind(without_nul(place))).await?)?;
        let Some((number,)) = newest else { return Ok(None) };
        self.release(place, number).await
    }

    async fn add_release(&mut self, release: &NewRelease, number: i64) -> Result<(), StoreError> {
        let insert = sqlx::query(ADD_RELEASE);
        let settings = without_nul(&release.settings);
        let insert = insert
            .bind(without_nul(&release.place))
            .bind(number)
            .bind(&settings)
            .bind(hex::sha256(settings.as_bytes()))
            .bind(without_nul(&release.grants))
            .bind(as_word(&release.source))
            .bind(without_nul(&release.author))
            .bind(without_nul(&release.message))
            .bind(without_nul(&release.report))
            .bind(self.now);
        self.done(insert).await?;
        let components = sqlx::query(
            "INSERT INTO auth.policy_release_components (place, number, position, wit, digest)
             SELECT $1, $2, position, wit, digest
               FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS each (wit, digest, position)",
        );
        let (wits, digests): (Vec<&str>, Vec<&str>) =
            release.components.iter().map(|one| (&*one.wit, &*one.digest)).unzip();
        self.done(
            components.bind(without_nul(&release.place)).bind(number).bind(&wits).bind(&digests),
        )
        .await
    }

    async fn mark_active(&mut self, place: &str, number: i64) -> Result<(), StoreError> {
        let mark = sqlx::query(
            "UPDATE auth.policy_releases SET first_active_at = $3
              WHERE place = $1 AND number = $2 AND first_active_at IS NULL",
        );
        self.done(mark.bind(place).bind(number).bind(self.now)).await
    }

    async fn prune_releases(
        &mut self,
        keep: u32,
        before: Timestamp,
        served: &[(String, i64)],
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let delete = sqlx::query(PRUNE_RELEASES);
        let (places, numbers): (Vec<&str>, Vec<i64>) =
            served.iter().map(|(place, number)| (&**place, *number)).unzip();
        let delete = delete
            .bind(i64::from(keep.max(1)))
            .bind(before)
            .bind(&places)
            .bind(&numbers)
            .bind(PRUNED_RELEASES);
        all(&self.run(delete).await?)
    }

    async fn prune_components(&mut self, before: Timestamp) -> Result<Vec<i64>, StoreError> {
        let delete = sqlx::query(PRUNE_COMPONENTS);
        let rows: Vec<(i64,)> =
            all(&self.run(delete.bind(before).bind(PRUNED_COMPONENTS)).await?)?;
        Ok(rows.into_iter().map(|(size,)| size).collect())
    }

    async fn prune_deployments(&mut self) -> Result<(), StoreError> {
        self.done(sqlx::query(PRUNE_DEPLOYMENTS).bind(KEPT_DEPLOYMENTS)).await
    }

    async fn deployment(&mut self, id: Uuid) -> Result<Option<Deployment>, StoreError> {
        first(&self.run(sqlx::query(DEPLOYMENT).bind(id.to_string())).await?)
    }

    async fn open_deployment(&mut self, place: &str) -> Result<Option<Deployment>, StoreError> {
        first(&self.run(sqlx::query(OPEN_DEPLOYMENT).bind(place)).await?)
    }

    async fn add_deployment(&mut self, deployment: &Deployment) -> Result<(), StoreError> {
        let insert = sqlx::query(
            "INSERT INTO auth.policy_deployments (deployment, place, number, state, who, why,
                                                  asked_at, deadline, plan)
             VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8, $9)",
        );
        let insert = insert
            .bind(deployment.id.to_string())
            .bind(&deployment.place)
            .bind(deployment.release)
            .bind(if deployment.plan.is_some() { REHEARSING } else { "preparing" })
            .bind(without_nul(&deployment.who))
            .bind(without_nul(&deployment.why))
            .bind(deployment.asked_at)
            .bind(deployment.deadline)
            .bind(deployment.plan.as_ref().map(as_json));
        self.done(insert).await
    }

    async fn end_deployment(&mut self, id: Uuid, state: DeploymentState) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE auth.policy_deployments SET state = $2, ended_at = $3
              WHERE deployment = $1::uuid",
        );
        self.done(update.bind(id.to_string()).bind(as_word(&state)).bind(self.now)).await
    }

    async fn replicas(&mut self) -> Result<Vec<Replica>, StoreError> {
        let question = sqlx::query(REPLICAS).bind(self.given_time);
        seen(&self.run(question).await?)
    }

    async fn forget_replicas(
        &mut self,
        seen_before: Timestamp,
        seen_after: Timestamp,
    ) -> Result<(), StoreError> {
        let delete =
            sqlx::query("DELETE FROM auth.policy_replicas WHERE last_seen < $1 OR last_seen > $2");
        self.done(delete.bind(seen_before).bind(seen_after)).await
    }

    async fn token(&mut self, name: &str) -> Result<Option<AdminToken>, StoreError> {
        first(&self.run(sqlx::query(TOKENS).bind(without_nul(name))).await?)
    }

    async fn add_token(&mut self, token: &NewAdminToken) -> Result<bool, StoreError> {
        let insert = sqlx::query(ADD_TOKEN);
        let insert = insert
            .bind(without_nul(&token.name))
            .bind(as_word(&token.role))
            .bind(&token.hash)
            .bind(self.now)
            .bind(without_nul(&token.created_by))
            .bind(token.expires_at);
        Ok(!self.run(insert).await?.is_empty())
    }

    async fn revoke_token(&mut self, name: &str) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE auth.admin_tokens SET revoked_at = $2 WHERE name = $1");
        self.done(update.bind(without_nul(name)).bind(self.now)).await
    }

    async fn write(&mut self, line: NewLine<'_>) -> Result<(), StoreError> {
        let insert = sqlx::query(WRITE);
        let insert = insert
            .bind(without_nul(line.place))
            .bind(self.now)
            .bind(without_nul(line.who))
            .bind(line.action)
            .bind(line.from)
            .bind(line.to)
            .bind(without_nul(line.why))
            .bind(without_nul(line.details));
        self.done(insert).await
    }

    async fn append(&mut self, event: &NewEvent) -> Result<(), StoreError> {
        let key = without_nul(&event.key_of_none());
        // As in the statements that carry decisions out.
        let lock = sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 7972))");
        self.done(lock.bind(&key)).await?;
        let insert = sqlx::query(
            "INSERT INTO auth.outbox (message_id, event_type, ordering_key, payload, traceparent,
                                      created_at)
             VALUES ($1::uuid, $2, $3, $4, $5, $6)",
        );
        let insert = insert
            .bind(Uuid::now_v7().to_string())
            .bind(&event.event_type)
            .bind(&key)
            .bind(event.payload_of_none())
            .bind(&event.traceparent)
            .bind(self.now);
        self.done(insert).await
    }
}
