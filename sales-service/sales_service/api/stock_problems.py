"""The problem of a sale that the stock refused."""

from collections.abc import Mapping

from sales_service.api.words import SELL_AGAIN
from sales_service.domain.sale import Sale
from service_kit.http.problems import Problem, json_pointer

SHORT = "stock-insuffisant"
UNUSABLE = "reservation-inutilisable"
# By what the stock says of a reservation.
_RESERVATION_IS = {
    "unknown": "n'existe pas",
    "other-store": "est d'un autre magasin",
    "consumed": "a déjà servi à une vente",
    "released": "a été libérée",
    "expired": "a expiré",
}


def stock_refused(sale: Sale, headers: Mapping[str, str]) -> Problem:
    """Return the problem of a rejected sale, with a fault for each line that is short.

    The first fault is that of its reservation, if that was of no use.
    """
    missing = {each.product_id: each for each in sale.missing}
    faults = [
        {
            "pointer": json_pointer("panier", index, "quantite"),
            "code": SHORT,
            "detail": f"Il en restait {missing[line.product_id].available}.",
            "produit_id": line.product_id,
            "demande": missing[line.product_id].requested,
            "disponible": missing[line.product_id].available,
        }
        for index, line in enumerate(sale.lines)
        if line.product_id in missing
    ]
    if sale.reservation_fault is None:
        return Problem(409, SHORT, f"Stock insuffisant ; {SELL_AGAIN}", faults, headers)
    detail = f"La réservation {_RESERVATION_IS.get(sale.reservation_fault, 'ne sert pas')}."
    unusable = {"pointer": "/reservation_id", "code": UNUSABLE, "detail": detail}
    return Problem(409, UNUSABLE, f"{detail[:-1]} ; {SELL_AGAIN}", [unusable, *faults], headers)
