"""Settings that every process of every service reads from its environment."""

import re
from ipaddress import ip_address
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# In `cors_origins`: every origin on this machine, whatever its port.
LOOPBACK = "loopback"
_ORIGIN = re.compile(r"https?://[\w.\-\[\]:]+")


class KafkaSettings(BaseSettings):
    """The broker's address, and this process's account there."""

    # The environment holds passwords: an error names the setting and hides its value.
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
    """The worker's name, kept over restarts and shared with no other worker. Kafka then returns its
    partitions at once after a crash, instead of waiting for the old session to end."""

    dead_letter_limit: int = Field(default=100, ge=1)
    """How many unresolved dead letters a consumer may have. At the next refused message its
    partition stops, until a person has resolved some."""

    http_host: str = "127.0.0.1"
    http_port: int
    accept_weak_keys: bool = False
    """Accept API keys that are short or stand in an example, also beyond loopback: for a trial."""
    log_level: str = "INFO"
    otel_exporter_otlp_endpoint: str | None = None
    otel_traces_sampler_arg: float = Field(default=1.0, ge=0, le=1)
    """The share of requests whose spans are recorded. A request outside it that fails or is slow
    still gets one span with its breakdown."""
    trace_keep_ratio: float = Field(default=1.0, ge=0, le=1)
    """The share of recorded traces to keep. Errors, slow requests and sagas are always kept."""

    database_pool_size: int = 16
    database_pool_timeout_seconds: float = 2.0
    """A request that gets no connection within this time is answered 503."""
    database_pool_waiting: int = 64
    """How many requests may wait for a connection. The next one is answered 503 at once.

    The queue must be served within the timeout even when the machine is full. A longer queue makes
    most requests time out after they have cost CPU. For slower machines the queue also closes when
    its first request has waited for half of the timeout.
    """
    most_requests: int = 1000
    """How many requests one process handles at a time. The next one is answered 503 at once."""
    outbox_ceiling: int = 1_000_000
    """When the outbox holds this many unsent events, requests that change something get 503."""

    cors_origins: str = ""
    """The origins whose pages may read answers, comma-separated, such as `https://board.example`;
    `loopback` stands for every origin on this machine."""

    forwarded_allow_ips: str = "127.0.0.1,::1"
    """The proxies whose `X-Forwarded-For` names the client: addresses and networks,
    comma-separated. From others the header is ignored, and the limits count the sender itself."""
    key_rate: float = Field(default=3000.0, ge=0)
    """The requests per second of one key that a process answers in the long run; 0: no limit. A
    response from the cache counts as a tenth. Beyond it: 429."""
    key_burst: int = Field(default=6000, ge=1)
    """How many requests a key that has been quiet may send at once."""
    address_rate: float = Field(default=6000.0, ge=0)
    address_burst: int = Field(default=12_000, ge=1)
    wrong_key_rate: float = Field(default=5.0, ge=0)
    """The unknown keys per second of one address that get 401 in the long run; 0: no limit."""
    wrong_key_burst: int = Field(default=50, ge=1)

    max_body_bytes: int = 1024 * 1024
    most_body_bytes: int = 8 * 1024 * 1024
    """The most bytes of request bodies that the process holds; a further body gets 503 at once."""
    most_waiting_requests: int = Field(default=500, ge=0)
    """The most requests that wait for an outcome; a further one gets the present state at once."""
    idempotency_days: int = Field(default=8, ge=7)
    """How long a repeated `Idempotency-Key` is recognised. Clients are promised 7 days."""

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for origin in _split(value):
            if origin != LOOPBACK and not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin such as https://board.example")
        return value

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """Return the origins of `cors_origins`."""
        return _split(self.cors_origins)

    @property
    def refuses_weak_keys(self) -> bool:
        """Return whether API keys must be long: others than this machine may reach the process."""
        return not (self.accept_weak_keys or _is_loopback(self.http_host))

    def process_name(self, role: Literal["api", "worker"]) -> str:
        """Return the name of one of the service's processes, such as `sales-api`."""
        return f"{self.service_name.removesuffix('-service')}-{role}"

    def topic(self, name: str) -> str:
        """Return the broker's name of a topic."""
        return self.topic_prefix + name


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _split(origins: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in origins.split(",") if each.strip())
