"""The whole system on this machine without Docker: real PostgreSQL, real Kafka, six processes."""
