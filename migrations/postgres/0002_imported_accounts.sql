-- Accounts that were ever imported from the old service. One that was deleted here since is not imported again.
CREATE TABLE auth.imported_accounts (
    user_id BIGINT PRIMARY KEY
);
