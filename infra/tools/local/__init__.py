"""The embedded stack: PostgreSQL, Kafka and the six processes, without Docker."""
