-- The registry of policies: what was ever brought, what serves in each place, and who changed what. A place is a text: today the name of a slot.
-- Times are milliseconds since the Unix epoch. There is one replica, and nothing of it is kept.

CREATE TABLE policy_components (
    digest    TEXT    PRIMARY KEY,                        -- SHA-256 of the bytes, in hexadecimal
    wit       TEXT    NOT NULL,                           -- the version that it was built for
    manifest  TEXT    NOT NULL,                           -- a JSON object
    size      INTEGER NOT NULL,
    pushed_at INTEGER NOT NULL,
    pushed_by TEXT    NOT NULL,
    bytes     BLOB    NOT NULL                            -- last: what stands before it is read without it
) STRICT;

-- A release never changes, but for the time at which it served first.
CREATE TABLE policy_releases (
    place           TEXT    NOT NULL,
    number          INTEGER NOT NULL,                     -- counts within its place, from 1
    settings        TEXT    NOT NULL,                     -- a JSON object, as it was written
    settings_digest TEXT    NOT NULL,                     -- SHA-256 of that text, in hexadecimal
    grants          TEXT    NOT NULL,                     -- a JSON object
    source          TEXT    NOT NULL,                     -- push, directory, import
    author          TEXT    NOT NULL,
    message         TEXT    NOT NULL,
    report          TEXT    NOT NULL,                     -- what admission said, a JSON object
    created_at      INTEGER NOT NULL,
    first_active_at INTEGER,                              -- only one that served can be rolled back to
    PRIMARY KEY (place, number)
) STRICT;

-- One for each version of the WIT that the release can run on.
CREATE TABLE policy_release_components (
    place    TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    position INTEGER NOT NULL,
    wit      TEXT    NOT NULL,
    digest   TEXT    NOT NULL REFERENCES policy_components (digest),
    PRIMARY KEY (place, number, position),
    FOREIGN KEY (place, number) REFERENCES policy_releases (place, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX policy_release_components_of_component ON policy_release_components (digest);

CREATE TABLE policy_places (
    place           TEXT    PRIMARY KEY,
    newest          INTEGER NOT NULL DEFAULT 0,           -- the highest number given; none is given twice
    active          INTEGER,                              -- none: nothing was activated yet
    revision        INTEGER NOT NULL DEFAULT 0,           -- counts the changes of "active"
    activated_at    INTEGER NOT NULL DEFAULT 0,
    activated_by    TEXT    NOT NULL DEFAULT '',
    previous        TEXT    NOT NULL DEFAULT '[]',        -- served before and kept ready, the latest first: a JSON array
    probation_until INTEGER,
    frozen_until    INTEGER,
    frozen_by       TEXT    NOT NULL DEFAULT '',
    frozen_why      TEXT    NOT NULL DEFAULT '',
    FOREIGN KEY (place, active) REFERENCES policy_releases (place, number)
) STRICT, WITHOUT ROWID;

-- The replica is asked whether it can serve a release.
CREATE TABLE policy_deployments (
    deployment TEXT    PRIMARY KEY,
    place      TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    state      TEXT    NOT NULL,                          -- preparing, activated, refused, expired, cancelled
    who        TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    asked_at   INTEGER NOT NULL,
    deadline   INTEGER NOT NULL,
    ended_at   INTEGER,
    FOREIGN KEY (place, number) REFERENCES policy_releases (place, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
-- A place has at most one.
CREATE UNIQUE INDEX policy_deployments_open ON policy_deployments (place) WHERE state = 'preparing';
CREATE INDEX policy_deployments_of_release ON policy_deployments (place, number);

CREATE TABLE policy_reports (
    deployment   TEXT    NOT NULL REFERENCES policy_deployments (deployment) ON DELETE CASCADE,
    replica      TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    state        TEXT    NOT NULL,                        -- ready, refused, pinned
    reasons      TEXT    NOT NULL,                        -- a JSON array of texts
    milliseconds INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (deployment, replica)
) STRICT, WITHOUT ROWID;

-- Who changed what, and why. No row is ever changed or deleted.
CREATE TABLE policy_history (
    sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
    place        TEXT    NOT NULL,                        -- empty: of no place
    at           INTEGER NOT NULL,
    who          TEXT    NOT NULL,
    action       TEXT    NOT NULL,
    from_release INTEGER,
    to_release   INTEGER,
    why          TEXT    NOT NULL,
    details      TEXT    NOT NULL                         -- a JSON object
) STRICT;
CREATE INDEX policy_history_of_place ON policy_history (place, sequence);

CREATE TABLE admin_tokens (
    name       TEXT    PRIMARY KEY,
    role       TEXT    NOT NULL,                          -- look, deploy, operate
    hash       BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    used_at    INTEGER                                    -- to the minute
) STRICT, WITHOUT ROWID;
