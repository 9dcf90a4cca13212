"""Settings of the stock service; the README's table documents each."""

from service_kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """The kit's settings; also the name of the consumer group."""

    service_name: str = "stock-service"
