"""The problems of payments: each tells the total that this service computed, so that a till with
other prices can correct its own."""

from sales_service.api.words import say_amount
from sales_service.domain import errors
from service_kit.http.problems import Problem, ProblemTable, json_pointer

UNDERPAID = "paiement-insuffisant"
OVERPAID = "paiement-excessif"
EMPTY_PAYMENT = "paiement-nul"
STALE_PRICES = "Si la caisse a un autre total, relisez les prix du catalogue et les taxes."


def _underpaid(error: errors.Underpaid) -> Problem:
    lacking = error.due_cents - error.paid_cents
    text = (
        f"Il manque {say_amount(lacking)} : {say_amount(error.due_cents)} à payer,"
        f" {say_amount(error.paid_cents)} reçus."
    )
    if error.lacking_in_cash_cents != lacking:
        text += f" En comptant, il manque {say_amount(error.lacking_in_cash_cents)}."
    fault = {
        "pointer": "/paiements",
        "code": UNDERPAID,
        "detail": text,
        "total_ttc": error.total_cents / 100,
        "a_payer": error.due_cents / 100,
        "paye": error.paid_cents / 100,
        "manque": lacking / 100,
        "manque_comptant": error.lacking_in_cash_cents / 100,
    }
    return Problem(422, UNDERPAID, f"{text} {STALE_PRICES}", [fault])


def _overpaid(error: errors.Overpaid) -> Problem:
    total = error.total_cents / 100
    faults = [
        {
            "pointer": json_pointer("paiements", index, "montant"),
            "code": OVERPAID,
            "detail": f"Au plus {say_amount(at_most)} ; seul le comptant rend la monnaie.",
            "total_ttc": total,
            "a_payer": total,
            "au_plus": at_most / 100,
        }
        for index, at_most in error.at_most.items()
    ]
    text = f"Les paiements autres que comptant dépassent {say_amount(error.total_cents)} à payer."
    return Problem(422, OVERPAID, f"{text} {STALE_PRICES}", faults)


def _empty_payments(error: errors.EmptyPayments) -> Problem:
    faults = [
        {
            "pointer": json_pointer("paiements", index, "montant"),
            "code": EMPTY_PAYMENT,
            "detail": "Un paiement est de plus de 0,00 ; retirez celui-ci.",
        }
        for index in error.payments
    ]
    return Problem(422, EMPTY_PAYMENT, "Un paiement ne paie rien.", faults)


PAYMENT_PROBLEMS: ProblemTable = {
    errors.Underpaid: _underpaid,
    errors.Overpaid: _overpaid,
    errors.EmptyPayments: _empty_payments,
}
