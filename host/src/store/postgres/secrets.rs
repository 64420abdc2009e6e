//! Secrets that the database keeps.

use super::database::Postgres;
use super::rows::only;
use crate::store::StoreError;

impl Postgres {
    pub(in crate::store) async fn secret(
        &self,
        name: &str,
        value_if_absent: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        let insert = sqlx::query(
            "INSERT INTO auth.secrets (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO NOTHING",
        );
        self.pools.commit(insert.bind(name).bind(value_if_absent)).await?;
        let question = || sqlx::query("SELECT value FROM auth.secrets WHERE name = $1").bind(name);
        let (value,) = only(&self.pools.read(question).await?)?;
        Ok(value)
    }
}
