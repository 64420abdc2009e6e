//! What is read, and components: nothing of it changes what serves.

use uuid::Uuid;

use super::super::database::Postgres;
use super::super::rows::{all, first, without_nul};
use super::parts::{
    DEPLOYMENT, OPEN_DEPLOYMENTS, PLACES, RELEASE, RELEASES, RELEASES_OF_PLACE, TOKENS,
};
use super::statements::PUT_COMPONENT;
use crate::store::StoreError;
use crate::store::registry::{
    AdminToken, Component, ComponentInfo, Deployment, HistoryLine, PlaceRow, PlaceState, Release,
    Replica, waiting,
};

// Components and releases.
impl Postgres {
    pub(in crate::store) async fn component_put(
        &self,
        component: &Component,
    ) -> Result<bool, StoreError> {
        let info = &component.info;
        let insert = sqlx::query(PUT_COMPONENT)
            .bind(without_nul(&info.digest))
            .bind(without_nul(&info.wit))
            .bind(without_nul(&info.manifest))
            .bind(info.size)
            .bind(&component.bytes[..])
            .bind(self.clock.now())
            .bind(without_nul(&info.pushed_by));
        let mut transaction = self.pools.begin_patiently().await?;
        let rows = transaction.run(insert).await;
        let row: Option<(bool,)> = first(&transaction.end(rows).await?)?;
        Ok(row.is_some_and(|(is_new,)| is_new))
    }

    pub(in crate::store) async fn component(
        &self,
        digest: &str,
    ) -> Result<Option<Component>, StoreError> {
        let question = sqlx::query(
            "SELECT digest, wit, manifest, size, pushed_at, pushed_by, bytes
               FROM auth.policy_components
              WHERE digest = $1",
        );
        let mut transaction = self.pools.begin_patiently().await?;
        let rows = transaction.run(question.bind(without_nul(digest))).await;
        first(&transaction.end(rows).await?)
    }

    pub(in crate::store) async fn component_info(
        &self,
        digest: &str,
    ) -> Result<Option<ComponentInfo>, StoreError> {
        let digest = without_nul(digest);
        let question = || {
            sqlx::query(
                "SELECT digest, wit, manifest, size, pushed_at, pushed_by
                   FROM auth.policy_components
                  WHERE digest = $1",
            )
            .bind(&digest)
        };
        first(&self.pools.background(question).await?)
    }

    pub(in crate::store) async fn release(
        &self,
        place: &str,
        number: i64,
    ) -> Result<Option<Release>, StoreError> {
        let place = without_nul(place);
        let question = || sqlx::query(RELEASE).bind(&place).bind(number);
        first(&self.pools.background(question).await?)
    }

    pub(in crate::store) async fn releases(
        &self,
        place: Option<&str>,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<Release>, StoreError> {
        let place = place.map(without_nul);
        let statement = if place.is_some() { RELEASES_OF_PLACE } else { RELEASES };
        let question =
            || sqlx::query(statement).bind(place.as_deref()).bind(before).bind(i64::from(most));
        all(&self.pools.background(question).await?)
    }
}

// Places, deployments and tokens.
impl Postgres {
    pub(in crate::store) async fn places(&self) -> Result<Vec<PlaceState>, StoreError> {
        let rows: Vec<PlaceRow> = all(&self.pools.background(|| sqlx::query(PLACES)).await?)?;
        let now = self.clock.now();
        Ok(rows.into_iter().filter_map(|row| row.state(now)).collect())
    }

    pub(in crate::store) async fn history(
        &self,
        place: Option<&str>,
        before: Option<i64>,
        most: u32,
    ) -> Result<Vec<HistoryLine>, StoreError> {
        let place = place.map(without_nul);
        let question = || {
            sqlx::query(
                "SELECT sequence, place, at, who, action, from_release, to_release, why, details
                   FROM auth.policy_history
                  WHERE ($1::text IS NULL OR place = $1)
                    AND ($2::bigint IS NULL OR sequence < $2)
                  ORDER BY sequence DESC
                  LIMIT $3",
            )
            .bind(place.as_deref())
            .bind(before)
            .bind(i64::from(most))
        };
        all(&self.pools.background(question).await?)
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
        let id = deployment.to_string();
        let question = || sqlx::query(DEPLOYMENT).bind(&id);
        let Some(deployment) = first(&self.pools.background(question).await?)? else {
            return Ok(None);
        };
        Ok(Some((deployment, self.replicas().await?)))
    }

    pub(in crate::store) async fn open_deployments(&self) -> Result<Vec<Deployment>, StoreError> {
        let question = || sqlx::query(OPEN_DEPLOYMENTS);
        let open: Vec<Deployment> = all(&self.pools.background(question).await?)?;
        if open.is_empty() {
            return Ok(open);
        }
        let replicas = self.replicas().await?;
        Ok(open.into_iter().map(|deployment| waiting(deployment, &replicas)).collect())
    }

    pub(in crate::store) async fn admin_token(
        &self,
        name: &str,
    ) -> Result<Option<AdminToken>, StoreError> {
        let name = without_nul(name);
        first(&self.pools.background(|| sqlx::query(TOKENS).bind(&name)).await?)
    }

    pub(in crate::store) async fn admin_tokens(&self) -> Result<Vec<AdminToken>, StoreError> {
        all(&self.pools.background(|| sqlx::query(TOKENS).bind(None::<String>)).await?)
    }

    pub(in crate::store) async fn admin_token_used(&self, name: &str) -> Result<(), StoreError> {
        let (name, now) = (without_nul(name), self.clock.now());
        let question = || {
            sqlx::query(
                "UPDATE auth.admin_tokens SET used_at = $2
                  WHERE name = $1 AND (used_at IS NULL OR used_at <= $2 - 60000)",
            )
            .bind(&name)
            .bind(now)
        };
        self.pools.background(question).await.map(drop)
    }
}
