"""Settings of the sales service; the README's table documents each."""

from service_kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """The service's settings beside the kit's."""

    service_name: str = "sales-service"

    pending_sale_timeout_seconds: float = 30.0
    """A pending sale that is older is cancelled."""

    default_timezone: str = "America/Toronto"
    default_currency: str = "CAD"
    default_tax_place: str = "QC"
