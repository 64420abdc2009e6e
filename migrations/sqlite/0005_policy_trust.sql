-- What policies may do in each place, and who signed their components. Times are milliseconds since the Unix epoch. An older version of the service
-- writes neither, and leaves both as they are.

ALTER TABLE policy_places ADD COLUMN grants TEXT;               -- a JSON array of texts; none: nobody ever granted anything

-- One of each key.
CREATE TABLE policy_signatures (
    digest   TEXT    NOT NULL REFERENCES policy_components (digest) ON DELETE CASCADE,
    key      TEXT    NOT NULL,                            -- the fingerprint of the key
    line     TEXT    NOT NULL,                            -- the signature, as a file of signatures has it
    added_at INTEGER NOT NULL,
    added_by TEXT    NOT NULL,
    PRIMARY KEY (digest, key)
) STRICT, WITHOUT ROWID;
