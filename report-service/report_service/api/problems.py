"""The one table from this service's errors to problems: status, code and sentence."""

from datetime import date

from service_kit.http.problems import Problem, ProblemTable, invalid_request


class ReversedDates(Exception):
    """The period begins after its end."""

    def __init__(self, start: date, end: date) -> None:
        super().__init__(f"{start} > {end}")
        self.start = start
        self.end = end


def invalid_cursor() -> Problem:
    """Return the problem of a cursor that this service did not make."""
    detail = "Ce curseur n'est pas l'un des nôtres."
    return invalid_request([{"parameter": "curseur", "code": "curseur-invalide", "detail": detail}])


def _reversed_dates(error: ReversedDates) -> Problem:
    detail = f"La date de début {error.start} est après la date de fin {error.end}."
    return Problem(400, "dates-inversees", detail)


PROBLEM_OF: ProblemTable = {ReversedDates: _reversed_dates}
