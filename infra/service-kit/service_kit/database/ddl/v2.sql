-- The end of each partition's log as of the relay's last write. A broker that has lost its last
-- records is detected by it.
CREATE TABLE published_positions (
    topic text NOT NULL,
    partition int NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);

INSERT INTO published_positions (topic, partition, next_offset)
SELECT topic, kafka_partition, max(kafka_offset) + 1 FROM outbox
WHERE kafka_offset IS NOT NULL GROUP BY topic, kafka_partition;

-- Finds the row at an offset of the log, from its end backwards.
CREATE INDEX outbox_positions ON outbox (topic, kafka_partition, kafka_offset)
WHERE kafka_offset IS NOT NULL;

-- A person judges a dead letter by these columns, and a worker replays it. `raw_headers` holds pairs
-- of name and base64: Kafka's headers are bytes, ordered and repeatable.
ALTER TABLE dead_letters
    ADD COLUMN kind text NOT NULL DEFAULT 'refused-by-database',
    ADD COLUMN event_type text,
    ADD COLUMN raw_headers jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN recorded_at timestamptz,
    ADD COLUMN attempts int NOT NULL DEFAULT 1,
    ADD COLUMN resolution text,
    ADD COLUMN resolved_at timestamptz,
    ADD CHECK (status IN ('open', 'replay', 'replayed', 'discarded'));

CREATE INDEX dead_letters_unresolved ON dead_letters (consumer, id)
WHERE status IN ('open', 'replay');
