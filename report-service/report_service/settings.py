"""Settings of the report service's two processes."""

from zoneinfo import ZoneInfo

from service_kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """What report-api and report-worker read from their environment."""

    service_name: str = "report-service"

    chain_timezone: ZoneInfo = ZoneInfo("America/Toronto")
    """IANA zone whose calendar decides which date is today in `/api/performance/global`."""

    audit_every_seconds: float = 5.0
    """How often a slice of what is stored is compared with what it was computed from."""
