-- The registry of policies: what was ever brought, what serves in each place, who serves it, and who changed what. A place is a text: today the
-- name of a slot. Times are milliseconds since the Unix epoch by the database's clock. An older version of the service goes on beside it.

CREATE TABLE auth.policy_components (
    digest    TEXT   COLLATE "C" PRIMARY KEY,               -- SHA-256 of the bytes, in hexadecimal
    wit       TEXT   NOT NULL,                              -- the version that it was built for
    manifest  TEXT   NOT NULL,                              -- a JSON object
    size      BIGINT NOT NULL,
    bytes     BYTEA  NOT NULL,
    pushed_at BIGINT NOT NULL,
    pushed_by TEXT   NOT NULL
);
-- Code hardly gets smaller, and it is read at each start: not compressed again.
ALTER TABLE auth.policy_components ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- A release never changes, but for the time at which it served first.
CREATE TABLE auth.policy_releases (
    place           TEXT   COLLATE "C" NOT NULL,
    number          BIGINT NOT NULL,                        -- counts within its place, from 1
    settings        TEXT   NOT NULL,                        -- a JSON object, as it was written
    settings_digest TEXT   NOT NULL,                        -- SHA-256 of that text, in hexadecimal
    grants          TEXT   NOT NULL,                        -- a JSON object
    source          TEXT   NOT NULL,                        -- push, directory, import
    author          TEXT   NOT NULL,
    message         TEXT   NOT NULL,
    report          TEXT   NOT NULL,                        -- what admission said, a JSON object
    created_at      BIGINT NOT NULL,
    first_active_at BIGINT,                                 -- only one that served can be rolled back to
    PRIMARY KEY (place, number)
);

-- One for each version of the WIT that the release can run on.
CREATE TABLE auth.policy_release_components (
    place    TEXT    COLLATE "C" NOT NULL,
    number   BIGINT  NOT NULL,
    position INTEGER NOT NULL,
    wit      TEXT    NOT NULL,
    digest   TEXT    COLLATE "C" NOT NULL REFERENCES auth.policy_components (digest),
    PRIMARY KEY (place, number, position),
    FOREIGN KEY (place, number) REFERENCES auth.policy_releases (place, number) ON DELETE CASCADE
);
CREATE INDEX policy_release_components_of_component ON auth.policy_release_components (digest);

-- Who changes a place locks its row.
CREATE TABLE auth.policy_places (
    place           TEXT     COLLATE "C" PRIMARY KEY,
    newest          BIGINT   NOT NULL DEFAULT 0,            -- the highest number given; none is given twice
    active          BIGINT,                                 -- none: nothing was activated yet
    revision        BIGINT   NOT NULL DEFAULT 0,            -- counts the changes of "active"
    activated_at    BIGINT   NOT NULL DEFAULT 0,
    activated_by    TEXT     NOT NULL DEFAULT '',
    previous        BIGINT[] NOT NULL DEFAULT '{}',         -- served before and kept ready, the latest first
    probation_until BIGINT,
    frozen_until    BIGINT,
    frozen_by       TEXT     NOT NULL DEFAULT '',
    frozen_why      TEXT     NOT NULL DEFAULT '',
    FOREIGN KEY (place, active) REFERENCES auth.policy_releases (place, number)
);

-- All live replicas are asked whether they can serve a release.
CREATE TABLE auth.policy_deployments (
    deployment UUID   PRIMARY KEY,
    place      TEXT   COLLATE "C" NOT NULL,
    number     BIGINT NOT NULL,
    state      TEXT   NOT NULL,                             -- preparing, activated, refused, expired, cancelled
    who        TEXT   NOT NULL,
    why        TEXT   NOT NULL,
    asked_at   BIGINT NOT NULL,
    deadline   BIGINT NOT NULL,
    ended_at   BIGINT,
    FOREIGN KEY (place, number) REFERENCES auth.policy_releases (place, number) ON DELETE CASCADE
);
-- A place has at most one.
CREATE UNIQUE INDEX policy_deployments_open ON auth.policy_deployments (place) WHERE state = 'preparing';
CREATE INDEX policy_deployments_of_release ON auth.policy_deployments (place, number);

CREATE TABLE auth.policy_reports (
    deployment   UUID   NOT NULL REFERENCES auth.policy_deployments (deployment) ON DELETE CASCADE,
    replica      UUID   NOT NULL,
    name         TEXT   NOT NULL,
    state        TEXT   NOT NULL,                           -- ready, refused, pinned
    reasons      TEXT   NOT NULL,                           -- a JSON array of texts
    milliseconds BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    PRIMARY KEY (deployment, replica)
);

-- Each replica writes its row about once a second.
CREATE TABLE auth.policy_replicas (
    replica      UUID   PRIMARY KEY,                        -- made anew at each start
    name         TEXT   NOT NULL,
    version      TEXT   NOT NULL,
    wit_versions TEXT   NOT NULL,                           -- a JSON array of texts
    started_at   BIGINT NOT NULL,
    last_seen    BIGINT NOT NULL,
    serving      TEXT   NOT NULL                            -- a JSON array: what serves, and its figures
) WITH (fillfactor = 50);

-- Who changed what, and why. No row is ever changed or deleted.
CREATE TABLE auth.policy_history (
    sequence     BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    place        TEXT   COLLATE "C" NOT NULL,               -- empty: of no place
    at           BIGINT NOT NULL,
    who          TEXT   NOT NULL,
    action       TEXT   NOT NULL,
    from_release BIGINT,
    to_release   BIGINT,
    why          TEXT   NOT NULL,
    details      TEXT   NOT NULL                            -- a JSON object
);
CREATE INDEX policy_history_of_place ON auth.policy_history (place, sequence);

CREATE TABLE auth.admin_tokens (
    name       TEXT   COLLATE "C" PRIMARY KEY,
    role       TEXT   NOT NULL,                             -- look, deploy, operate
    hash       BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT   NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    used_at    BIGINT                                       -- to the minute
);
