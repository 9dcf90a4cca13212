"""What can be wrong with a request about a day of a store, as facts."""

from datetime import date

from sales_service.domain.errors import SalesError


class DayIsClosed(SalesError):
    """The day was closed before."""

    def __init__(self, store_id: int, business_date: date) -> None:
        super().__init__(f"the day {business_date} of store {store_id} is closed")
        self.store_id = store_id
        self.business_date = business_date


class DayNotBegun(SalesError):
    """The day has not begun in the store."""

    def __init__(self, business_date: date) -> None:
        super().__init__(f"the day {business_date} has not begun")
        self.business_date = business_date


class DayLongPast(SalesError):
    """The day is so long past that no till can have been offline since."""

    def __init__(self, business_date: date, first_day: date) -> None:
        super().__init__(f"the day {business_date} is before {first_day}")
        self.business_date = business_date
        self.first_day = first_day


class SalesPending(SalesError):
    """The stock has not decided yet about sales of the day, or of an open day before it."""
