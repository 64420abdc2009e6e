-- Releases that are tried beside the one that serves, before anybody depends on them, and what came of comparing the two. Times are milliseconds since
-- the Unix epoch. An older version of the service sees no deployment in the state "rehearsing".

ALTER TABLE policy_places ADD COLUMN candidate TEXT;            -- a JSON object; none: nothing is tried
ALTER TABLE policy_deployments ADD COLUMN plan TEXT;            -- a JSON object: how it is to be tried; none: it is to serve all
-- A place has at most one. The state "rehearsing" is "preparing" with a plan.
DROP INDEX policy_deployments_open;
CREATE UNIQUE INDEX policy_deployments_open ON policy_deployments (place) WHERE state IN ('preparing', 'rehearsing');

CREATE TABLE policy_rollouts (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    rollout  TEXT    NOT NULL UNIQUE,                     -- the deployment that began it
    place    TEXT    NOT NULL,
    number   INTEGER NOT NULL,                            -- of the release that is tried
    base     INTEGER NOT NULL,                            -- what served all when it began
    mode     TEXT    NOT NULL,                            -- shadow, share
    began_at INTEGER NOT NULL,
    began_by TEXT    NOT NULL,
    why      TEXT    NOT NULL,
    ended_at INTEGER,
    ending   TEXT                                         -- promoted, aborted, taken_out, replaced, overtaken
) STRICT;
CREATE INDEX policy_rollouts_of_place ON policy_rollouts (place, sequence);

-- Both are bounded by who writes.
CREATE TABLE policy_differences (
    rollout TEXT    NOT NULL REFERENCES policy_rollouts (rollout) ON DELETE CASCADE,
    kind    TEXT    NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (rollout, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_difference_samples (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    rollout    TEXT    NOT NULL REFERENCES policy_rollouts (rollout) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    replica    TEXT    NOT NULL
) STRICT;
CREATE INDEX policy_difference_samples_of_rollout ON policy_difference_samples (rollout);
