//! Secrets that the database keeps.

use super::database::Sqlite;
use crate::store::StoreError;

const VALUE: &str = "SELECT value FROM secrets WHERE name = ?";

impl Sqlite {
    pub(in crate::store) async fn secret(
        &self,
        name: &str,
        value_if_absent: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        // One that is there is read also while nothing can be written.
        let there = sqlx::query_scalar(VALUE).bind(name).fetch_optional(self.readers()?).await;
        if let Some(value) = self.told(there)? {
            return Ok(value);
        }
        let mut transaction = self.begin().await?;
        let done = async {
            sqlx::query(
                "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
            )
            .bind(name)
            .bind(value_if_absent)
            .execute(&mut *transaction)
            .await?;
            let value = sqlx::query_scalar(VALUE).bind(name).fetch_one(&mut *transaction).await?;
            Ok(value)
        }
        .await;
        transaction.end(done).await
    }
}
