"""Settings of the stock service; the README's table documents each."""

from service_kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """The kit's settings; also the name of the consumer group."""

    service_name: str = "stock-service"

    audit_every_seconds: float = 5.0
    """How often a slice of what is stored is compared with what it was computed from."""
