"""Settings of the sales service; the README's table documents each."""

from service_kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """What the kit's settings do not know."""

    service_name: str = "sales-service"

    pending_sale_timeout_seconds: float = 30.0
    """A sale that the stock has not decided by then is cancelled."""

    default_timezone: str = "America/Toronto"
    default_currency: str = "CAD"
