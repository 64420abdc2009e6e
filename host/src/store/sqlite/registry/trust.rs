//! Signatures of components, and what places are granted.

use super::super::database::Sqlite;
use super::parts::PLACE;
use super::transaction::{Changing, all};
use crate::store::StoreError;
use crate::store::registry::{PlaceRow, Registry as _, StoredSignature, Trust, as_json};

const SIGNATURES: &str = "
    SELECT key, line, added_at, added_by FROM policy_signatures WHERE digest = ?1 ORDER BY key";

impl Trust for Changing<'_> {
    async fn lock_component(&mut self, digest: &str) -> Result<bool, StoreError> {
        // The transaction holds the one lock that there is.
        let is_there = sqlx::query("SELECT 1 FROM policy_components WHERE digest = ?1");
        Ok(!self.run(is_there.bind(digest)).await?.is_empty())
    }

    async fn signatures(&mut self, digest: &str) -> Result<Vec<StoredSignature>, StoreError> {
        all(&self.run(sqlx::query(SIGNATURES).bind(digest)).await?)
    }

    async fn sign(&mut self, digest: &str, signature: &StoredSignature) -> Result<(), StoreError> {
        let now = self.now();
        let insert = sqlx::query(
            "INSERT INTO policy_signatures (digest, key, line, added_at, added_by)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (digest, key) DO UPDATE
                SET line = excluded.line, added_at = excluded.added_at,
                    added_by = excluded.added_by",
        );
        let insert = insert
            .bind(digest)
            .bind(&signature.key)
            .bind(&signature.line)
            .bind(now)
            .bind(&signature.added_by);
        self.done(insert).await
    }

    async fn grant(&mut self, place: &str, items: &[String]) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE policy_places SET grants = ?2 WHERE place = ?1");
        self.done(update.bind(place).bind(as_json(&items))).await
    }
}

impl Sqlite {
    pub(in crate::store) async fn signatures(
        &self,
        digest: &str,
    ) -> Result<Vec<StoredSignature>, StoreError> {
        let question = sqlx::query_as(SIGNATURES).bind(digest);
        self.told(question.fetch_all(self.readers()?).await)
    }

    pub(in crate::store) async fn grants(
        &self,
        place: &str,
    ) -> Result<Option<Vec<String>>, StoreError> {
        let question = sqlx::query_as(PLACE).bind(place);
        let row: Option<PlaceRow> = self.told(question.fetch_optional(self.readers()?).await)?;
        Ok(row.and_then(|row| row.grants))
    }
}
