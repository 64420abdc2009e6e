//! Signatures of components, and what places are granted.

use super::super::database::Postgres;
use super::super::rows::{all, first, without_nul};
use super::parts::PLACE;
use super::transaction::Changing;
use crate::store::StoreError;
use crate::store::registry::{PlaceRow, Registry as _, StoredSignature, Trust, as_json};

const SIGNATURES: &str = "
    SELECT key, line, added_at, added_by FROM auth.policy_signatures WHERE digest = $1 ORDER BY key";

impl Trust for Changing<'_> {
    async fn lock_component(&mut self, digest: &str) -> Result<bool, StoreError> {
        // Releases may name it meanwhile; who prunes leaves it alone from here on.
        let lock =
            sqlx::query("SELECT 1 FROM auth.policy_components WHERE digest = $1 FOR NO KEY UPDATE");
        Ok(!self.run(lock.bind(without_nul(digest))).await?.is_empty())
    }

    async fn signatures(&mut self, digest: &str) -> Result<Vec<StoredSignature>, StoreError> {
        all(&self.run(sqlx::query(SIGNATURES).bind(without_nul(digest))).await?)
    }

    async fn sign(&mut self, digest: &str, signature: &StoredSignature) -> Result<(), StoreError> {
        let now = self.now();
        let insert = sqlx::query(
            "INSERT INTO auth.policy_signatures (digest, key, line, added_at, added_by)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (digest, key) DO UPDATE
                SET line = excluded.line, added_at = excluded.added_at,
                    added_by = excluded.added_by",
        );
        let insert = insert
            .bind(without_nul(digest))
            .bind(without_nul(&signature.key))
            .bind(without_nul(&signature.line))
            .bind(now)
            .bind(without_nul(&signature.added_by));
        self.done(insert).await
    }

    async fn grant(&mut self, place: &str, items: &[String]) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE auth.policy_places SET grants = $2 WHERE place = $1");
        self.done(update.bind(without_nul(place)).bind(as_json(&items))).await
    }
}

impl Postgres {
    pub(in crate::store) async fn signatures(
        &self,
        digest: &str,
    ) -> Result<Vec<StoredSignature>, StoreError> {
        let digest = without_nul(digest);
        all(&self.pools.background(|| sqlx::query(SIGNATURES).bind(&digest)).await?)
    }

    pub(in crate::store) async fn grants(
        &self,
        place: &str,
    ) -> Result<Option<Vec<String>>, StoreError> {
        let place = without_nul(place);
        let row: Option<PlaceRow> =
            first(&self.pools.background(|| sqlx::query(PLACE).bind(&place)).await?)?;
        Ok(row.and_then(|row| row.grants))
    }
}
