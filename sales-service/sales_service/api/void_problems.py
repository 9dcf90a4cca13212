"""The problems of voids, and of sales that a till has voided."""

from collections.abc import Mapping

import msgspec

from sales_service.api.sale_answers import VoidOut
from sales_service.api.words import SELL_AGAIN
from sales_service.domain import errors, return_errors
from sales_service.domain.voids import Void, VoidOrigin
from service_kit.http.problems import Problem, ProblemTable


def voided_sale(void: Void, headers: Mapping[str, str]) -> Problem:
    """Return the problem of a posted sale that a till has voided, or that timed out."""
    if void.origin is VoidOrigin.TIMEOUT:
        cause = "Vente annulée : le stock n'a pas répondu à temps"
    else:
        cause = "Vente annulée à la caisse"
    return _about_void("vente-annulee", f"{cause} ; {SELL_AGAIN}", void, headers)


def _about_void(
    code: str, detail: str, void: Void, headers: Mapping[str, str] | None = None
) -> Problem:
    members = {"annulation": msgspec.to_builtins(VoidOut.of(void))}
    return Problem(409, code, detail, headers=headers, members=members)


def voided_before(_: errors.AlreadyVoided | return_errors.NothingLeft) -> Problem:
    """Return the problem of the original's `DELETE` of a sale that is undone already."""
    return Problem(404, "vente-introuvable", "Vente introuvable ou déjà annulée")


def _already_voided(error: errors.AlreadyVoided) -> Problem:
    detail = "Cette vente est déjà annulée ; il n'y a rien à faire."
    return _about_void("vente-deja-annulee", detail, error.void)


def _sale_timed_out(error: errors.SaleTimedOut) -> Problem:
    detail = "Cette vente n'a pas eu lieu : le stock n'a pas répondu à temps. Rien à annuler."
    return _about_void("vente-sans-effet", detail, error.void)


def _sale_rejected(_: errors.SaleRejected) -> Problem:
    detail = "Cette vente n'a pas eu lieu : le stock l'a refusée. Il n'y a rien à annuler."
    return Problem(409, "vente-sans-effet", detail)


def _already_returned(_: errors.AlreadyReturned) -> Problem:
    detail = (
        "De la marchandise de cette vente est revenue : la vente ne s'annule plus."
        " Reprenez le reste par un retour."
    )
    return Problem(409, "vente-retournee", detail)


def _paid_by_return(_: return_errors.PaidByReturn) -> Problem:
    detail = (
        "Cette vente est celle d'un échange : elle ne s'annule pas."
        " Reprenez la marchandise par un retour."
    )
    return Problem(409, "vente-d-echange", detail)


def _day_closed(error: errors.DayClosed) -> Problem:
    detail = (
        f"La journée du {error.business_date} est close : la vente ne s'annule plus."
        " Reprenez la marchandise par un retour."
    )
    return Problem(409, "journee-close", detail)


VOID_PROBLEMS: ProblemTable = {
    errors.AlreadyVoided: _already_voided,
    errors.SaleTimedOut: _sale_timed_out,
    errors.SaleRejected: _sale_rejected,
    errors.AlreadyReturned: _already_returned,
    errors.DayClosed: _day_closed,
    return_errors.PaidByReturn: _paid_by_return,
    return_errors.NothingLeft: voided_before,
}
