"""The problems of days that are closed, or cannot be closed yet."""

from sales_service.domain import day_errors
from service_kit.http.problems import Problem, ProblemTable


def day_address(store_id: int, day: object) -> str:
    """Return the address of a day of a store."""
    return f"/api/magasins/{store_id}/journees/{day}"


def cash_key_required() -> Problem:
    """Return the problem of a movement of cash that could not be repeated safely."""
    detail = (
        "Un mouvement de caisse compte de l'argent : envoyez Idempotency-Key, pour qu'une"
        " répétition ne le compte pas deux fois."
    )
    return Problem(400, "cle-requise", detail)


def _day_is_closed(error: day_errors.DayIsClosed) -> Problem:
    address = day_address(error.store_id, error.business_date)
    detail = f"La journée du {error.business_date} est close ; {address} en est le rapport."
    return Problem(409, "journee-close", detail, members={"journee": address})


def _day_not_begun(error: day_errors.DayNotBegun) -> Problem:
    detail = f"La journée du {error.business_date} n'a pas encore commencé dans ce magasin."
    return Problem(409, "journee-a-venir", detail)


def _day_long_past(error: day_errors.DayLongPast) -> Problem:
    detail = (
        f"La journée du {error.business_date} est trop ancienne :"
        f" le {error.first_day} au plus tôt est attendu."
    )
    return Problem(409, "journee-trop-ancienne", detail)


def _sales_pending(_: day_errors.SalesPending) -> Problem:
    detail = "Le stock n'a pas encore répondu à toutes les ventes ; réessayez dans un moment."
    return Problem(409, "ventes-en-attente", detail)


DAY_PROBLEMS: ProblemTable = {
    day_errors.DayIsClosed: _day_is_closed,
    day_errors.DayLongPast: _day_long_past,
    day_errors.DayNotBegun: _day_not_begun,
    day_errors.SalesPending: _sales_pending,
}
