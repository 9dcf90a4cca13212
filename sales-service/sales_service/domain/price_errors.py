"""What can be wrong with a price that the head office sets."""

from datetime import date

from sales_service.domain.errors import SalesError


class PastPrice(SalesError):
    """The price would begin before today, which is still the date `today` there."""

    def __init__(self, today: date) -> None:
        super().__init__(f"today is {today}")
        self.today = today


class PriceInForce(SalesError):
    """A price that has begun is history, and is not taken back."""


class UnknownPrice(SalesError):
    """No price is planned for this date."""


class TooManyPlanned(SalesError):
    """So many prices are planned that another one has no room."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} planned prices")
        self.most = most
