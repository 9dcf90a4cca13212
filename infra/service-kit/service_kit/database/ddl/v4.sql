-- What a key may do beside its role. `sites`: the parts of the data that it is limited to; null: all.
ALTER TABLE api_keys
    ADD COLUMN sites int[],
    ADD COLUMN rights text[] NOT NULL DEFAULT '{}';
