"""Settings that every process of every service reads from its environment."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Read from environment variables of the same name in capitals (`DATABASE_URL`, …)."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    service_name: str
    database_url: str
    kafka_bootstrap_servers: str = "127.0.0.1:19092"
    topic_prefix: str = ""
    """Put before every topic and group name, so that test runs can share one broker."""

    worker_instance: str | None = None
    """A name that this worker keeps over restarts and shares with no sibling: Kafka then gives it
    its partitions back at once, where it would wait for the session of the dead one to end."""

    http_host: str = "127.0.0.1"
    http_port: int
    log_level: str = "INFO"
    otel_exporter_otlp_endpoint: str | None = None

    database_pool_size: int = 16
    database_pool_timeout_seconds: float = 2.0
    """A request that gets no connection within this time is answered 503, never left hanging."""

    max_body_bytes: int = 1024 * 1024

    def topic(self, name: str) -> str:
        """The broker's name of a topic."""
        return self.topic_prefix + name
