//! What changes ask of their transaction.

use sqlx::FromRow;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use uuid::Uuid;

use super::super::database::Sqlite;
use super::super::replicas::Replicas;
use super::super::writer::Transaction;
use super::parts::{DEPLOYMENT, LOCK, OPEN_DEPLOYMENT, RELEASE, TOKENS};
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

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

/// One writes at a time, and has to free all pages of what it deletes: of so many components, which
/// are large.
const PRUNED_COMPONENTS: i64 = 1;

/// A transaction that changes the registry.
pub(super) struct Changing<'w> {
    transaction: Transaction<'w>,
    now: Timestamp,
    replicas: Replicas,
}

impl Sqlite {
    pub(super) async fn change(&self) -> Result<Changing<'_>, StoreError> {
        let transaction = self.begin().await?;
        Ok(Changing { transaction, now: self.clock.now(), replicas: self.replicas.clone() })
    }
}

impl Changing<'_> {
    /// Commits what went well, and tells who waits.
    pub(super) async fn end<T, E: MayBeWell>(self, done: Result<T, E>) -> Result<T, E> {
        let done = self.transaction.end(done).await?;
        self.replicas.hint();
        Ok(done)
    }

    pub(super) async fn run(&mut self, statement: Query<'_>) -> Result<Vec<SqliteRow>, StoreError> {
        Ok(statement.fetch_all(&mut *self.transaction).await?)
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
        only(&self.run(sqlx::query(LOCK).bind(place)).await?)
    }

    async fn lock_all(&mut self) -> Result<(), StoreError> {
        // The transaction holds the one lock that there is.
        Ok(())
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
            .bind(&row.activated_by)
            .bind(as_json(&row.previous))
            .bind(row.probation_until)
            .bind(until)
            .bind(by)
            .bind(why)
            .bind(row.written());
        self.done(update).await
    }

    async fn components_kept(&mut self, digests: &[String]) -> Result<Vec<String>, StoreError> {
        let kept = sqlx::query(
            "SELECT digest FROM policy_components
              WHERE digest IN (SELECT value FROM json_each(?1))",
        );
        let rows: Vec<(String,)> = all(&self.run(kept.bind(as_json(&digests))).await?)?;
        Ok(rows.into_iter().map(|(digest,)| digest).collect())
    }

    async fn release(&mut self, place: &str, number: i64) -> Result<Option<Release>, StoreError> {
        first(&self.run(sqlx::query(RELEASE).bind(place).bind(number)).await?)
    }

    async fn newest_of_directory(&mut self, place: &str) -> Result<Option<Release>, StoreError> {
        let newest = sqlx::query(
            "SELECT number FROM policy_releases
              WHERE place = ?1 AND source = 'directory' ORDER BY number DESC LIMIT 1",
        );
        let newest: Option<(i64,)> = first(&self.run(newest.bind(place)).await?)?;
        let Some((number,)) = newest else { return Ok(None) };
        self.release(place, number).await
    }

    async fn add_release(&mut self, release: &NewRelease, number: i64) -> Result<(), StoreError> {
        let insert = sqlx::query(ADD_RELEASE);
        let insert = insert
            .bind(&release.place)
            .bind(number)
            .bind(&release.settings)
            .bind(hex::sha256(release.settings.as_bytes()))
            .bind(&release.grants)
            .bind(as_word(&release.source))
            .bind(&release.author)
            .bind(&release.message)
            .bind(&release.report)
            .bind(self.now);
        self.done(insert).await?;
        for (position, component) in (0_i64..).zip(&release.components) {
            let insert = sqlx::query(
                "INSERT INTO policy_release_components (place, number, position, wit, digest)
                 VALUES (?, ?, ?, ?, ?)",
            );
            let insert = insert
                .bind(&release.place)
                .bind(number)
                .bind(position)
                .bind(&component.wit)
                .bind(&component.digest);
            self.done(insert).await?;
        }
        Ok(())
    }

    async fn mark_active(&mut self, place: &str, number: i64) -> Result<(), StoreError> {
        let mark = sqlx::query(
            "UPDATE policy_releases SET first_active_at = ?3
              WHERE place = ?1 AND number = ?2 AND first_active_at IS NULL",
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
        let delete = delete
            .bind(i64::from(keep.max(1)))
            .bind(before)
            .bind(as_json(&served))
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
            "INSERT INTO policy_deployments (deployment, place, number, state, who, why,
                                                  asked_at, deadline, plan)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        );
        let insert = insert
            .bind(deployment.id.to_string())
            .bind(&deployment.place)
            .bind(deployment.release)
            .bind(if deployment.plan.is_some() { REHEARSING } else { "preparing" })
            .bind(&deployment.who)
            .bind(&deployment.why)
            .bind(deployment.asked_at)
            .bind(deployment.deadline)
            .bind(deployment.plan.as_ref().map(as_json));
        self.done(insert).await
    }

    async fn end_deployment(&mut self, id: Uuid, state: DeploymentState) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE policy_deployments SET state = ?2, ended_at = ?3
              WHERE deployment = ?1",
        );
        self.done(update.bind(id.to_string()).bind(as_word(&state)).bind(self.now)).await
    }

    async fn replicas(&mut self) -> Result<Vec<Replica>, StoreError> {
        Ok(self.replicas.seen(self.now))
    }

    async fn forget_replicas(&mut self, _: Timestamp, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn token(&mut self, name: &str) -> Result<Option<AdminToken>, StoreError> {
        first(&self.run(sqlx::query(TOKENS).bind(name)).await?)
    }

    async fn add_token(&mut self, token: &NewAdminToken) -> Result<bool, StoreError> {
        let insert = sqlx::query(ADD_TOKEN);
        let insert = insert
            .bind(&token.name)
            .bind(as_word(&token.role))
            .bind(&token.hash)
            .bind(self.now)
            .bind(&token.created_by)
            .bind(token.expires_at);
        Ok(!self.run(insert).await?.is_empty())
    }

    async fn revoke_token(&mut self, name: &str) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE admin_tokens SET revoked_at = ?2 WHERE name = ?1");
        self.done(update.bind(name).bind(self.now)).await
    }

    async fn write(&mut self, line: NewLine<'_>) -> Result<(), StoreError> {
        let insert = sqlx::query(WRITE);
        let insert = insert
            .bind(line.place)
            .bind(self.now)
            .bind(line.who)
            .bind(line.action)
            .bind(line.from)
            .bind(line.to)
            .bind(line.why)
            .bind(line.details);
        self.done(insert).await
    }

    async fn append(&mut self, event: &NewEvent) -> Result<(), StoreError> {
        let insert = sqlx::query(
            "INSERT INTO outbox (message_id, event_type, ordering_key, payload, traceparent,
                                      created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        );
        let insert = insert
            .bind(Uuid::now_v7().to_string())
            .bind(&event.event_type)
            .bind(event.key_of_none())
            .bind(event.payload_of_none())
            .bind(&event.traceparent)
            .bind(self.now);
        self.done(insert).await
    }
}

pub(super) fn all<T: for<'r> FromRow<'r, SqliteRow>>(
    rows: &[SqliteRow],
) -> Result<Vec<T>, StoreError> {
    Ok(rows.iter().map(T::from_row).collect::<sqlx::Result<_>>()?)
}

pub(super) fn first<T: for<'r> FromRow<'r, SqliteRow>>(
    rows: &[SqliteRow],
) -> Result<Option<T>, StoreError> {
    Ok(rows.first().map(T::from_row).transpose()?)
}

fn only<T: for<'r> FromRow<'r, SqliteRow>>(rows: &[SqliteRow]) -> Result<T, StoreError> {
    first(rows)?.ok_or_else(|| StoreError::Damaged("a query that always has a row had none".into()))
}
