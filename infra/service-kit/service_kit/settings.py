"""Settings that every process of every service reads from its environment."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class KafkaSettings(BaseSettings):
    """Where the broker is, and the account that it knows this process by."""

    # The environment holds passwords: an error about a setting names it and shows no value.
    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    kafka_bootstrap_servers: str = "127.0.0.1:19092"
    topic_prefix: str = ""
    """Put before every topic and group name, so that test runs can share one broker."""

    kafka_security_protocol: Literal["PLAINTEXT", "SASL_PLAINTEXT"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None

    @model_validator(mode="after")
    def _has_an_account(self) -> Self:
        is_known = self.kafka_username is not None and self.kafka_password is not None
        if self.kafka_security_protocol != "PLAINTEXT" and not is_known:
            raise ValueError("SASL needs KAFKA_USERNAME and KAFKA_PASSWORD")
        return self


class ServiceSettings(KafkaSettings):
    """Read from environment variables of the same name in capitals (`DATABASE_URL`, …)."""

    service_name: str
    # Not shown by a repr: it holds the password.
    database_url: str = Field(repr=False)

    worker_instance: str | None = None
    """A name that this worker keeps over restarts and shares with no sibling: Kafka then gives it
    its partitions back at once, where it would wait for the session of the dead one to end."""

    dead_letter_limit: int = Field(default=100, ge=1)
    """A partition whose next refused message would be one more unresolved dead letter of its
    consumer stops until a person has resolved some."""

    http_host: str = "127.0.0.1"
    http_port: int
    log_level: str = "INFO"
    otel_exporter_otlp_endpoint: str | None = None
    otel_traces_sampler_arg: float = Field(default=1.0, ge=0, le=1)
    """The share of requests whose spans are recorded. Of the others, those that fail or are slow
    still get one span with their breakdown."""
    trace_keep_ratio: float = Field(default=1.0, ge=0, le=1)
    """The share of recorded traces to keep besides those of errors, slow requests and sagas."""

    database_pool_size: int = 16
    database_pool_timeout_seconds: float = 2.0
    """A request that gets no connection within this time is answered 503, never left hanging."""
    database_pool_waiting: int = 64
    """One more that wants a connection is answered 503 at once: the others are late already.

    Not more than are served within the timeout even when the machine is full, or most wait in vain
    and what is answered collapses. For machines that are slower than that, nobody may wait behind
    one who has waited for half of it.
    """
    most_requests: int = 1000
    """One more that is under way in this process is answered 503 at once."""
    outbox_ceiling: int = 1_000_000
    """With so many events that Kafka has not taken, requests that change something get 503."""

    max_body_bytes: int = 1024 * 1024
    most_body_bytes: int = 8 * 1024 * 1024
    """A body beyond them, of all requests under way together, is answered 503 at once."""
    most_waiting_requests: int = Field(default=500, ge=0)
    """One more that wants to wait for an outcome is answered with the present state at once."""
    idempotency_days: int = Field(default=8, ge=7)
    """So long a repeated `Idempotency-Key` is recognised; its promise to clients is 7 days."""

    def topic(self, name: str) -> str:
        """The broker's name of a topic."""
        return self.topic_prefix + name
