//! Sessions and refresh tokens: reading them, and taking over those of the old service.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::{Postgres, accounts};
use crate::store::{NewSession, Session, StoreError, StoredToken};

impl Postgres {
    pub(in crate::store) async fn open_sessions(
        &self,
        user_id: i64,
        most: u32,
    ) -> Result<Vec<Session>, StoreError> {
        let now = self.clock.now();
        let rows = self
            .read(|| {
                sqlx::query(
                    "SELECT session_id::text, address, user_agent, opened_at, refreshed_at, refreshes, ends_at, revoked_at IS NOT NULL AS revoked
                       FROM auth.sessions
                      WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
                      ORDER BY opened_at DESC, auth.sessions.session_id DESC
                      LIMIT $3",
                )
                .bind(user_id)
                .bind(now)
                .bind(i64::from(most))
            })
            .await?;
        rows.iter().map(session).collect()
    }

    pub(in crate::store) async fn refresh_token(
        &self,
        lookup: &[u8],
    ) -> Result<Option<StoredToken>, StoreError> {
        let rows = self
            .read(|| {
                sqlx::query(
                    "SELECT token_id::text, refresh_tokens.expires_at AS token_expires_at, replaced_at, grace_until, answer,
                            session_id::text, address, user_agent, opened_at, refreshed_at, refreshes, ends_at, revoked_at IS NOT NULL AS revoked,
                            user_id, email, password_hash, password_version, attributes::text AS attributes, created_at,
                            disabled_at IS NOT NULL AS disabled
                       FROM auth.refresh_tokens JOIN auth.sessions USING (session_id) JOIN auth.accounts USING (user_id)
                      WHERE lookup = $1",
                )
                .bind(lookup)
            })
            .await?;
        rows.first()
            .map(|row| {
                Ok(StoredToken {
                    token_id: row.try_get("token_id")?,
                    expires_at: row.try_get("token_expires_at")?,
                    replaced_at: row.try_get("replaced_at")?,
                    grace_until: row.try_get("grace_until")?,
                    answer: row.try_get("answer")?,
                    session: session(row)?,
                    account: accounts::account(row)?,
                })
            })
            .transpose()
    }

    pub(in crate::store) async fn adopt(
        &self,
        user_id: i64,
        session: &NewSession,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.commit(
            sqlx::query(
                "WITH token AS (
                     INSERT INTO auth.refresh_tokens (token_id, lookup, session_id, expires_at)
                     SELECT $1::uuid, $2, $3::uuid, $4 FROM auth.accounts JOIN auth.imported_accounts USING (user_id)
                      WHERE user_id = $5 AND disabled_at IS NULL
                     ON CONFLICT (lookup) DO NOTHING
                     RETURNING session_id)
                 INSERT INTO auth.sessions (session_id, user_id, address, user_agent, opened_at, refreshed_at, expires_at, ends_at)
                 SELECT session_id, $5, $8, $9, $6, $6, $4, $7 FROM token",
            )
            .bind(&session.token.token_id)
            .bind(&session.token.lookup)
            .bind(&session.session_id)
            .bind(session.token.expires_at)
            .bind(user_id)
            .bind(now)
            .bind(session.ends_at)
            .bind(&session.address)
            .bind(&session.user_agent),
        )
        .await
        .map(drop)
    }
}

fn session(row: &PgRow) -> Result<Session, StoreError> {
    Ok(Session {
        session_id: row.try_get("session_id")?,
        address: row.try_get("address")?,
        user_agent: row.try_get("user_agent")?,
        opened_at: row.try_get("opened_at")?,
        refreshed_at: row.try_get("refreshed_at")?,
        refreshes: u32::try_from(row.try_get::<i32, _>("refreshes")?).unwrap_or_default(),
        ends_at: row.try_get("ends_at")?,
        revoked: row.try_get("revoked")?,
    })
}
