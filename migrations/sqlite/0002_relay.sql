-- What a relay that publishes to a broker keeps of an event: leases, failures of its own, and the request that caused it.
ALTER TABLE outbox ADD COLUMN traceparent TEXT;
ALTER TABLE outbox ADD COLUMN dead_at INTEGER;
ALTER TABLE outbox ADD COLUMN suspect INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN lease_owner TEXT;
ALTER TABLE outbox ADD COLUMN leased_until INTEGER;
-- Until now it counted publications; from now on it counts failures.
UPDATE outbox SET attempts = 0;
DROP INDEX outbox_pending;
CREATE INDEX outbox_pending ON outbox (sequence) WHERE published_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_pending_of_key ON outbox (ordering_key, sequence) WHERE published_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_dead ON outbox (sequence) WHERE dead_at IS NOT NULL;
-- Which bcrypt hashes there are, by their cost. (LIKE cannot be in an index here.)
CREATE INDEX accounts_with_bcrypt ON accounts (substr(password_hash, 5, 2)) WHERE substr(password_hash, 1, 2) = '$2';
