//! The statements that carry decisions out.
//!
//! The rule: the first part of each locks or takes what must not change and is called `done` or
//! leads to it; all other parts take their rows from `done (user_id)`, so that they write nothing
//! if it found none. Each says how many rows `done` had.

/// The end of every statement: events, and throttle keys to forget, for the one row of `done`.
/// Parameters 1 to 7.
macro_rules! with_events {
    ($($part:literal),+; $tail:literal) => {
        concat!(
            "WITH ",
            $($part, ", ",)+
            "keys AS (
                 -- Events of one key are numbered in the order in which they are committed: who
                 -- appends one holds the key until then. Without, a relay could see and publish the
                 -- second of two before the first is there.
                 SELECT count(pg_advisory_xact_lock(hashtextextended(key, 7972))) AS held
                   FROM (SELECT DISTINCT key FROM done, unnest($3::text[]) AS event (key)
                          ORDER BY key) AS key),
               events AS (
                 INSERT INTO auth.outbox (message_id, event_type, ordering_key, payload,
                                          traceparent, created_at)
                 SELECT event.message_id::uuid, event.event_type, event.ordering_key,
                        event.payload, event.traceparent, $6
                   FROM keys, done,
                        unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
                          WITH ORDINALITY
                          AS event (message_id, event_type, ordering_key, payload, traceparent,
                                    place)
                  WHERE keys.held > 0
                  ORDER BY place),
               forgotten AS (DELETE FROM auth.throttles USING done WHERE key = ANY ($7::bytea[]))
             ",
            $tail
        )
    };
}

/// The same with a session and its first token. Parameters 1 to 14.
macro_rules! opening_a_session {
    ($head:literal) => {
        with_events!(
            $head,
            "session AS (
                 INSERT INTO auth.sessions (session_id, user_id, address, user_agent, opened_at,
                                            refreshed_at, expires_at, ends_at)
                 SELECT $8::uuid, user_id, $9, $10, $6, $6, $11, $12 FROM done),
               token AS (
                 INSERT INTO auth.refresh_tokens (token_id, lookup, session_id, expires_at)
                 SELECT $13::uuid, $14, $8::uuid, $11 FROM done)";
            "SELECT count(*) FROM done"
        )
    };
}

/// Parameters from 15 on: id, address, hash, attributes.
pub(super) const REGISTER: &str = opening_a_session!(
    "done AS (
         INSERT INTO auth.accounts (user_id, email, password_hash, attributes, created_at)
         SELECT $15, $16, $17, $18::json, $6
          WHERE NOT EXISTS (SELECT 1 FROM auth.reserved_emails WHERE email = $16)
         ON CONFLICT (email) DO NOTHING
         RETURNING user_id)"
);

/// Parameters from 15 on: id, version of the password.
pub(super) const LOGIN: &str = opening_a_session!(
    "done AS (
         SELECT user_id FROM auth.accounts
          WHERE user_id = $15 AND password_version = $16 AND disabled_at IS NULL
            FOR NO KEY UPDATE)"
);

/// Parameters from 15 on: id, version of the password, the hash that was verified, its successor.
pub(super) const LOGIN_REHASHED: &str = opening_a_session!(
    "done AS (
         -- Another login may have re-hashed the same password meanwhile: that is no change, and its
         -- hash stays.
         UPDATE auth.accounts
            SET password_hash = CASE WHEN password_hash = $17 THEN $18 ELSE password_hash END
          WHERE user_id = $15 AND password_version = $16 AND disabled_at IS NULL
         RETURNING user_id)"
);

/// Parameters from 8 on: session, end of the window, sealed answer, claimed token, expiry of its
/// successor, end of the session, the successor's id and look-up value. The answer says, too,
/// whether the session was open.
pub(super) const ROTATE: &str = with_events!(
    "open AS (
         SELECT session_id, sessions.user_id
           FROM auth.sessions JOIN auth.accounts USING (user_id)
          WHERE session_id = $8::uuid AND revoked_at IS NULL AND ends_at > $6
            AND disabled_at IS NULL
            FOR NO KEY UPDATE OF sessions),
       claimed AS (
         UPDATE auth.refresh_tokens SET replaced_at = $6, grace_until = $9, answer = $10
          WHERE token_id = $11::uuid AND replaced_at IS NULL AND expires_at > $6
            AND EXISTS (SELECT 1 FROM open)
         RETURNING session_id),
       done AS (
         UPDATE auth.sessions
            SET refreshed_at = $6, refreshes = sessions.refreshes + 1, expires_at = $12,
                ends_at = least(sessions.ends_at, $13)
           FROM claimed WHERE sessions.session_id = claimed.session_id
         RETURNING sessions.session_id, sessions.user_id),
       erased AS (
         -- By the session's id as a parameter: by a join, a plan that was made while there were no
         -- answers goes through all of them.
         UPDATE auth.refresh_tokens SET answer = NULL
          WHERE session_id = $8::uuid AND answer IS NOT NULL AND token_id <> $11::uuid
            AND EXISTS (SELECT 1 FROM done)),
       successor AS (
         INSERT INTO auth.refresh_tokens (token_id, lookup, session_id, expires_at)
         SELECT $14::uuid, $15, session_id, $12 FROM done)";
    "SELECT (SELECT count(*) FROM open), (SELECT count(*) FROM done)"
);

/// Parameters from 8 on: session, account.
pub(super) const REVOKE_REUSED: &str = with_events!(
    "account AS MATERIALIZED (
         -- Locked first, as everywhere, so that nobody waits in a circle.
         SELECT user_id FROM auth.accounts WHERE user_id = $9 FOR NO KEY UPDATE),
       done AS (
         UPDATE auth.sessions SET revoked_at = $6, revoked_reason = 'refresh token reused'
          WHERE session_id = $8::uuid AND user_id = (SELECT user_id FROM account)
            AND revoked_at IS NULL
         RETURNING user_id),
       erased AS (
         UPDATE auth.refresh_tokens SET answer = NULL
          WHERE session_id = $8::uuid AND answer IS NOT NULL)";
    "SELECT count(*) FROM done"
);

/// Events alone. Parameter 8: account.
pub(super) const APPEND: &str =
    with_events!("done AS (SELECT $8::bigint AS user_id)"; "SELECT count(*) FROM done");
