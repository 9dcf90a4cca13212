"""Maps this service's errors to HTTP statuses."""

from datetime import date


class ReversedDates(Exception):
    """La date de début {start} est après la date de fin {end}."""

    code = "dates-inversees"

    def __init__(self, start: date, end: date) -> None:
        super().__init__((self.__doc__ or "").format(start=start, end=end))


STATUS_OF: dict[type[Exception], int] = {ReversedDates: 400}
