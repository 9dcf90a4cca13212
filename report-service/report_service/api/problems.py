"""The one table from this service's errors to problems: status, code and sentence."""

from datetime import date

from service_kit.http.problems import Problem, ProblemTable


class ReversedDates(Exception):
    """The period begins after its end."""

    def __init__(self, start: date, end: date) -> None:
        super().__init__(f"{start} > {end}")
        self.start = start
        self.end = end


class PeriodTooLong(Exception):
    """A list of days would be longer than one answer may be."""

    def __init__(self, days: int, longest: int) -> None:
        super().__init__(f"{days} > {longest}")
        self.days = days
        self.longest = longest


def _reversed_dates(error: ReversedDates) -> Problem:
    detail = f"La date de début {error.start} est après la date de fin {error.end}."
    return Problem(400, "dates-inversees", detail)


def _period_too_long(error: PeriodTooLong) -> Problem:
    detail = f"La période compte {error.days} jours ; le maximum est {error.longest}."
    return Problem(400, "periode-trop-longue", detail)


PROBLEM_OF: ProblemTable = {ReversedDates: _reversed_dates, PeriodTooLong: _period_too_long}
