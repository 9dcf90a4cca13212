-- The life of a key. `version` orders its changes: the owner raises it, and a copy keeps the highest.
-- Version 0 is a key that a start has stored, in each database by itself. `former_secrets` is a list
-- of digests and of the instants until which they are valid.
ALTER TABLE api_keys
    ADD COLUMN version bigint NOT NULL DEFAULT 0,
    ADD COLUMN former_secrets jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN changed_at timestamptz;

CREATE INDEX api_keys_former_secrets ON api_keys USING gin (former_secrets jsonb_path_ops);

-- Apart from the keys: each change of those invalidates the caches of every process.
CREATE TABLE api_key_uses (
    client_id text PRIMARY KEY,
    last_used_at timestamptz NOT NULL
) WITH (fillfactor = 50);
