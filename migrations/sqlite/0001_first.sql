-- The embedded database. Times are milliseconds since the Unix epoch; only hashes of tokens, passwords and throttle keys are stored.

CREATE TABLE accounts (
    user_id         INTEGER PRIMARY KEY AUTOINCREMENT,
    email           TEXT    NOT NULL UNIQUE,              -- canonical: see host/src/email.rs
    password_hash   TEXT    NOT NULL,                     -- a PHC string
    password_version INTEGER NOT NULL DEFAULT 1,           -- counts passwords, not hashes: a re-hash leaves it
    attributes      TEXT    NOT NULL DEFAULT '{}',        -- a JSON object
    created_at      INTEGER NOT NULL,
    disabled_at     INTEGER,
    disabled_reason TEXT
) STRICT;

-- A session is one login and the refreshes that followed it: a family of refresh tokens.
CREATE TABLE sessions (
    session_id     TEXT    PRIMARY KEY,
    user_id        INTEGER NOT NULL REFERENCES accounts (user_id) ON DELETE CASCADE,
    address        TEXT,
    user_agent     TEXT,
    opened_at      INTEGER NOT NULL,
    refreshed_at   INTEGER NOT NULL,
    refreshes      INTEGER NOT NULL DEFAULT 0,
    expires_at     INTEGER NOT NULL,                      -- with its current refresh token
    ends_at        INTEGER NOT NULL,                      -- refreshed or not
    revoked_at     INTEGER,
    revoked_reason TEXT
) STRICT;
CREATE INDEX sessions_of_account ON sessions (user_id, opened_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    token_id     TEXT    PRIMARY KEY,
    lookup       BLOB    NOT NULL UNIQUE,                 -- HMAC-SHA256 of the token
    session_id   TEXT    NOT NULL REFERENCES sessions (session_id) ON DELETE CASCADE,
    expires_at   INTEGER NOT NULL,
    replaced_at  INTEGER,                                 -- claimed by one refresh
    grace_until  INTEGER,                                 -- until then a repeat gets the stored answer
    answer       BLOB                                     -- sealed; erased when the successor is used, the window ends or the session is revoked
) STRICT;
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);
-- At most one row a session: a session that was refreshed a thousand times has a thousand tokens, and only the last has an answer.
CREATE INDEX refresh_tokens_with_answer ON refresh_tokens (session_id) WHERE answer IS NOT NULL;

CREATE TABLE policy_storage (
    slot       TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    value      BLOB    NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (slot, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX policy_storage_by_expiry ON policy_storage (expires_at);

CREATE TABLE throttles (
    key            BLOB    PRIMARY KEY,                   -- HMAC-SHA256 of slot and key
    hits           INTEGER NOT NULL,
    window_ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX throttles_by_end ON throttles (window_ends_at);

-- Events that are committed with what they tell of, and published afterwards.
CREATE TABLE outbox (
    sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id    TEXT    NOT NULL UNIQUE,                -- UUIDv7: consumers drop repeats by it
    event_type    TEXT    NOT NULL,
    ordering_key  TEXT    NOT NULL,
    payload       TEXT    NOT NULL,                       -- a JSON object
    created_at    INTEGER NOT NULL,
    published_at  INTEGER,
    attempts      INTEGER NOT NULL DEFAULT 0,
    last_error    TEXT
) STRICT;
CREATE INDEX outbox_pending ON outbox (sequence) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

CREATE TABLE secrets (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
