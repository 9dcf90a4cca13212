"""The problems of errors about prices, for the one table in `problems.py`."""

from sales_service.domain import price_errors
from service_kit.http.problems import Problem, ProblemTable, invalid_request


def _past_price(error: price_errors.PastPrice) -> Problem:
    detail = f"Un prix commence aujourd'hui ({error.today}) ou plus tard."
    return invalid_request([{"pointer": "/du", "code": "date-passee", "detail": detail}])


def _price_in_force(_: price_errors.PriceInForce) -> Problem:
    detail = "Ce prix a commencé : il reste dans l'historique. POST en fixe un autre."
    return Problem(409, "prix-en-vigueur", detail)


def _unknown_price(_: price_errors.UnknownPrice) -> Problem:
    return Problem(404, "prix-introuvable", "Aucun prix n'est prévu pour cette date.")


def _too_many_planned(error: price_errors.TooManyPlanned) -> Problem:
    detail = f"{error.most} prix sont déjà prévus ; DELETE en retire un."
    return Problem(409, "trop-de-prix", detail)


PRICE_PROBLEMS: ProblemTable = {
    price_errors.PastPrice: _past_price,
    price_errors.PriceInForce: _price_in_force,
    price_errors.UnknownPrice: _unknown_price,
    price_errors.TooManyPlanned: _too_many_planned,
}
