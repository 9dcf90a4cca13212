"""Settings of the stock service; the README's table documents each."""

from service_kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """The kit's settings. The service's name is also the name of its consumer group."""

    service_name: str = "stock-service"

    audit_every_seconds: float = 5.0
    """The pause between two slices of the audit, which compares levels with their movements."""
