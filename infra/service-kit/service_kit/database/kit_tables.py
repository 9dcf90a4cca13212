"""The DDL of the tables that the kit owns in each service's database."""

# Frozen: a later change is a new constant that a new migration of each service executes.
PLUMBING_V1 = (
    """
    CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        event_id uuid NOT NULL UNIQUE,
        topic text NOT NULL,
        key text NOT NULL,
        type text NOT NULL,
        subject text NOT NULL,
        traceparent text,
        -- Kafka refuses records over 1 MiB, and aiokafka's producer never recovers from that.
        payload bytea NOT NULL CHECK (octet_length(payload) < 900000),
        published_at timestamptz,
        kafka_partition int,
        kafka_offset bigint,
        attempts int NOT NULL DEFAULT 0,
        last_error text
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)
    """,
    "CREATE INDEX outbox_pending ON outbox (id) WHERE published_at IS NULL",
    """
    CREATE TABLE consumer_positions (
        consumer text NOT NULL,
        topic text NOT NULL,
        partition int NOT NULL,
        next_offset bigint NOT NULL,
        last_event_at timestamptz,
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, topic, partition)
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE dead_letters (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        consumer text NOT NULL,
        topic text NOT NULL,
        partition int NOT NULL,
        "offset" bigint NOT NULL,
        key bytea,
        headers jsonb NOT NULL,
        payload bytea,
        error text NOT NULL,
        trace_id text,
        status text NOT NULL DEFAULT 'open',
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (consumer, topic, partition, "offset")
    )
    """,
    """
    CREATE TABLE api_keys (
        key_hash bytea PRIMARY KEY,
        client_id text NOT NULL UNIQUE,
        role text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        revoked_at timestamptz
    )
    """,
    """
    CREATE TABLE idempotency_keys (
        client_id text NOT NULL,
        key text NOT NULL,
        request_hash bytea NOT NULL,
        resource_id text,
        status smallint,
        body bytea,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (client_id, key)
    )
    """,
    "CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at)",
)

PLUMBING_V2 = (
    # The end of each partition's log as of the relay's last write. A broker that has lost its
    # last records is detected by it.
    """
    CREATE TABLE published_positions (
        topic text NOT NULL,
        partition int NOT NULL,
        next_offset bigint NOT NULL,
        PRIMARY KEY (topic, partition)
    ) WITH (fillfactor = 50)
    """,
    """
    INSERT INTO published_positions (topic, partition, next_offset)
    SELECT topic, kafka_partition, max(kafka_offset) + 1 FROM outbox
    WHERE kafka_offset IS NOT NULL GROUP BY topic, kafka_partition
    """,
    # Finds the row at an offset of the log, from its end backwards.
    """
    CREATE INDEX outbox_positions ON outbox (topic, kafka_partition, kafka_offset)
    WHERE kafka_offset IS NOT NULL
    """,
    # A person judges a dead letter by these columns, and a worker replays it. `raw_headers` holds
    # pairs of name and base64: Kafka's headers are bytes, ordered and repeatable.
    """
    ALTER TABLE dead_letters
        ADD COLUMN kind text NOT NULL DEFAULT 'refused-by-database',
        ADD COLUMN event_type text,
        ADD COLUMN raw_headers jsonb NOT NULL DEFAULT '[]',
        ADD COLUMN recorded_at timestamptz,
        ADD COLUMN attempts int NOT NULL DEFAULT 1,
        ADD COLUMN resolution text,
        ADD COLUMN resolved_at timestamptz,
        ADD CHECK (status IN ('open', 'replay', 'replayed', 'discarded'))
    """,
    """
    CREATE INDEX dead_letters_unresolved ON dead_letters (consumer, id)
    WHERE status IN ('open', 'replay')
    """,
)

# Invalidates the caches of every process (`change_feed.py`). PostgreSQL sends a notification after
# the commit, once for each name.
PLUMBING_V3 = (
    """
    CREATE FUNCTION announce_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('changes', TG_ARGV[0]);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER announce_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION announce_change('api-keys')
    """,
)
