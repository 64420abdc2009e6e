//! What is read, and components: nothing of it changes what serves.

use uuid::Uuid;

use super::super::database::Sqlite;
use super::parts::{
    DEPLOYMENT, OPEN_DEPLOYMENTS, PLACES, RELEASE, RELEASES, RELEASES_OF_PLACE, TOKENS,
};
use crate::store::StoreError;
use crate::store::registry::{
    AdminToken, Component, ComponentInfo, Deployment, HistoryLine, PlaceRow, PlaceState, Release,
    Replica, waiting,
};

// Components and releases.
impl Sqlite {
    pub(in crate::store) async fn component_put(
        &self,
        component: &Component,
    ) -> Result<bool, StoreError> {
        let (info, now) = (&component.info, self.clock.now());
        let mut transaction = self.begin().await?;
        let done = async {
            // One that no release names yet is not pruned before it could be named.
            let seen = sqlx::query(
                "UPDATE policy_components SET pushed_at = ?2
                  WHERE digest = ?1
                    AND digest NOT IN (SELECT digest FROM policy_release_components)",
            );
            seen.bind(&info.digest).bind(now).execute(&mut *transaction).await?;
            let insert = sqlx::query(
                "INSERT INTO policy_components
                        (digest, wit, manifest, size, pushed_at, pushed_by, bytes)
                 VALUES (?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (digest) DO UPDATE
                    SET wit = excluded.wit, manifest = excluded.manifest, size = excluded.size,
                        pushed_at = excluded.pushed_at, pushed_by = excluded.pushed_by,
                        bytes = excluded.bytes
                  WHERE policy_components.size <> excluded.size
                     OR policy_components.bytes <> excluded.bytes",
            );
            let insert = insert
                .bind(&info.digest)
                .bind(&info.wit)
                .bind(&info.manifest)
                .bind(info.size)
                .bind(now)
                .bind(&info.pushed_by)
                .bind(&component.bytes[..]);
            Ok(insert.execute(&mut *transaction).await?.rows_affected() > 0)
        };
        let done: Result<bool, StoreError> = done.await;
        transaction.end(done).await
    }

    pub(in crate::store) async fn component(
        &self,
        digest: &str,
    ) -> Result<Option<Component>, StoreError> {
        let question = sqlx::query_as(
            "SELECT digest, wit, manifest, size, pushed_at, pushed_by, bytes
               FROM policy_components
              WHERE digest = ?",
        );
        self.told(question.bind(digest).fetch_optional(self.readers()?).await)
    }

    pub(in crate::store) async fn component_info(
        &self,
        digest: &str,
    ) -> Result<Option<ComponentInfo>, StoreError> {
        let question = sqlx::query_as(
            "SELECT digest, wit, manifest, size, pushed_at, pushed_by
               FROM policy_components
              WHERE digest = ?",
        );
        self.told(question.bind(digest).fetch_optional(self.readers()?).await)
    }

    pub(in crate::store) async fn release(
        &self,
        place: &str,
        number: i64,
    ) -> Result<Option<Release>, StoreError> {
        let question = sqlx::query_as(RELEASE).bind(place).bind(number);
        self.told(question.fetch_optional(self.readers()?).await)
    }

    pub(in crate::store) async fn releases(
        &self,
        place: Option<&str>,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<Release>, StoreError> {
        let statement = if place.is_some() { RELEASES_OF_PLACE } else { RELEASES };
        let question = sqlx::query_as(statement).bind(place).bind(before).bind(i64::from(most));
        self.told(question.fetch_all(self.readers()?).await)
    }
}

// Places, deployments and tokens.
impl Sqlite {
    pub(in crate::store) async fn places(&self) -> Result<Vec<PlaceState>, StoreError> {
        let rows = sqlx::query_as(PLACES).fetch_all(self.readers()?).await;
        let (rows, now): (Vec<PlaceRow>, _) = (self.told(rows)?, self.clock.now());
        Ok(rows.into_iter().filter_map(|row| row.state(now)).collect())
    }

    pub(in crate::store) async fn history(
        &self,
        place: Option<&str>,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<HistoryLine>, StoreError> {
        let question = sqlx::query_as(
            "SELECT sequence, place, at, who, action, from_release, to_release, why, details
               FROM policy_history
              WHERE (?1 IS NULL OR place = ?1) AND (?2 IS NULL OR sequence < ?2)
              ORDER BY sequence DESC
              LIMIT ?3",
        );
        let question = question.bind(place).bind(before).bind(i64::from(most));
        self.told(question.fetch_all(self.readers()?).await)
    }

    pub(in crate::store) async fn deployment(
        &self,
        deployment: Uuid,
    ) -> Result<Option<Deployment>, StoreError> {
        let found = self.deployment_and_replicas(deployment).await?;
        Ok(found.map(|(deployment, replicas)| waiting(deployment, &replicas)))
    }

    pub(super) async fn deployment_and_replicas(
        &self,
        deployment: Uuid,
    ) -> Result<Option<(Deployment, Vec<Replica>)>, StoreError> {
        let question = sqlx::query_as(DEPLOYMENT).bind(deployment.to_string());
        let found = self.told(question.fetch_optional(self.readers()?).await)?;
        Ok(found.map(|deployment| (deployment, self.replicas.seen(self.clock.now()))))
    }

    pub(in crate::store) async fn open_deployments(&self) -> Result<Vec<Deployment>, StoreError> {
        let open = sqlx::query_as(OPEN_DEPLOYMENTS).fetch_all(self.readers()?).await;
        let (open, replicas) = (self.told(open)?, self.replicas.seen(self.clock.now()));
        Ok(open.into_iter().map(|deployment| waiting(deployment, &replicas)).collect())
    }

    pub(in crate::store) async fn admin_token(
        &self,
        name: &str,
    ) -> Result<Option<AdminToken>, StoreError> {
        let question = sqlx::query_as(TOKENS).bind(name);
        self.told(question.fetch_optional(self.readers()?).await)
    }

    pub(in crate::store) async fn admin_tokens(&self) -> Result<Vec<AdminToken>, StoreError> {
        let question = sqlx::query_as(TOKENS).bind(None::<String>);
        self.told(question.fetch_all(self.readers()?).await)
    }

    pub(in crate::store) async fn admin_token_used(&self, name: &str) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE admin_tokens SET used_at = ?2
              WHERE name = ?1 AND (used_at IS NULL OR used_at <= ?2 - 60000)",
        );
        self.execute(update.bind(name).bind(self.clock.now())).await.map(drop)
    }
}
