"""The SQL of the table `idempotency_keys`."""

from sqlalchemy import text

CLAIM = text("""
    INSERT INTO idempotency_keys (client_id, key, request_hash)
    VALUES (:client_id, :key, :request_hash)
    ON CONFLICT (client_id, key) DO NOTHING
    RETURNING 1
""")
# Two fragments of a service's statement that takes the key together with its effect, in one round
# trip. CLAIM_KEY is the body of a CTE `claimed_key`, and takes the key when an earlier CTE
# `permitted` has its one row. KEY_IS_OURS holds when that succeeded, or when the request has no
# key. `http.idempotency.KeyedRequest.parameters` gives the values.
CLAIM_KEY = """
    INSERT INTO idempotency_keys (client_id, key, request_hash, resource_id)
    SELECT :client_id, :key, :request_hash, :resource_id FROM permitted
    WHERE CAST(:key AS text) IS NOT NULL
    ON CONFLICT (client_id, key) DO NOTHING
    RETURNING 1
"""
KEY_IS_OURS = "(CAST(:key AS text) IS NULL OR EXISTS (SELECT FROM claimed_key))"
READ = text("""
    SELECT request_hash, resource_id, status, body FROM idempotency_keys
    WHERE client_id = :client_id AND key = :key
""")
RECORD = text("""
    UPDATE idempotency_keys SET resource_id = :resource_id, status = :status, body = :body
    WHERE client_id = :client_id AND key = :key
""")
# In the order of the index by age, after the last key of the batch before.
LIST_EXPIRED = text("""
    SELECT created_at, client_id, key, resource_id FROM idempotency_keys
    WHERE created_at < :before AND created_at >= :created_at
        AND (created_at, client_id, key) > (:created_at, :client_id, :key)
    ORDER BY created_at, client_id, key LIMIT :batch FOR UPDATE SKIP LOCKED
""")
DELETE = text("""
    DELETE FROM idempotency_keys USING unnest(CAST(:client_ids AS text[]), CAST(:keys AS text[]))
        AS expired(client_id, key)
    WHERE idempotency_keys.client_id = expired.client_id AND idempotency_keys.key = expired.key
""")
