-- What policies may do in each place, and who signed their components. Times are milliseconds since the Unix epoch by the database's clock. An older
-- version of the service goes on beside it: it writes neither, and leaves both as they are.

ALTER TABLE auth.policy_places ADD COLUMN grants TEXT;          -- a JSON array of texts; none: nobody ever granted anything

-- One of each key.
CREATE TABLE auth.policy_signatures (
    digest   TEXT   COLLATE "C" NOT NULL REFERENCES auth.policy_components (digest) ON DELETE CASCADE,
    key      TEXT   COLLATE "C" NOT NULL,                   -- the fingerprint of the key
    line     TEXT   NOT NULL,                               -- the signature, as a file of signatures has it
    added_at BIGINT NOT NULL,
    added_by TEXT   NOT NULL,
    PRIMARY KEY (digest, key)
);
