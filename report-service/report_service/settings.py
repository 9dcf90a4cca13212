"""The settings of report-api and report-worker."""

from zoneinfo import ZoneInfo

from service_kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """The variables that both processes read from the environment."""

    service_name: str = "report-service"

    chain_timezone: ZoneInfo = ZoneInfo("America/Toronto")
    """The IANA time zone that says which date is today, as for the end of a trend."""

    audit_every_seconds: float = 5.0
    """How often the audit compares a slice of the counters with its source."""
