-- Who acts: the client of a request, or a process by itself. Null: unknown, as in earlier rows.
ALTER TABLE outbox ADD COLUMN actor text;

-- The person who asked for the replay of a dead letter, or discarded it.
ALTER TABLE dead_letters ADD COLUMN decided_by text;
