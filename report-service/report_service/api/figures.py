"""The figures of a store, or of several: what was sold, given back, paid and owed as tax."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Self

from msgspec import Meta, Struct

from report_service.api.words import FRENCH, word_of_method
from report_service.db.report_rows import StorePayment, StoreReport, StoreSales, StoreTax

_AMOUNT = FRENCH | {"amount": "montant"}


def _amount(description: str) -> Meta:
    return Meta(description=description, examples=[1234.5])


class PaymentOut(Struct, gc=False, rename=_AMOUNT):
    """What was taken by a method of payment."""

    method: Annotated[
        str,
        Meta(
            description="comptant, debit, credit, carte_cadeau, compte or echange; later others."
            " echange is what a return pays of the sale that is exchanged for it: over both it is 0"
        ),
    ]
    amount: Annotated[
        float, _amount("Payments of sales without the change, less what returns paid back")
    ]


class TaxOut(Struct, gc=False, rename=_AMOUNT):
    """What is owed of a tax."""

    code: Annotated[str, Meta(description="The tax's code, such as TPS")]
    amount: Annotated[float, _amount("Taxes of the sales, less those that returns gave back")]


class FiguresOut(Struct, kw_only=True, rename=FRENCH):
    """Figures beside the net sales. A voided sale is in `annulations` alone, on its own day."""

    taxes: Annotated[
        float, _amount("All taxes of the sales, less those that returns gave back on their days")
    ]
    gross: Annotated[
        float, _amount("Sales before discounts, returns and taxes, on the days of the sales")
    ]
    discounts: Annotated[
        float, _amount("Discounts of lines and receipts, before taxes, on the days of the sales")
    ]
    returns: Annotated[
        float,
        _amount("Goods taken back, before taxes, on the days and in the stores of the returns"),
    ]
    returns_count: Annotated[int, Meta(description="Number of returns, on the days of the returns")]
    voids: Annotated[
        float,
        _amount("Net amount of the voided sales, before taxes, on the days of the sales"),
    ]
    voids_count: Annotated[
        int, Meta(description="Number of voided sales, on the days of the sales")
    ]
    payments: Annotated[
        list[PaymentOut], Meta(description="By method, taxes included; sales may have no payments")
    ]
    cash_rounding: Annotated[
        float,
        _amount("What rounding has added to the amounts due in cash, or taken off if negative"),
    ]
    taxes_by_code: Annotated[
        list[TaxOut], Meta(description="The taxes of each code, on the same days as `taxes`")
    ]

    @classmethod
    def of(
        cls,
        stores: Sequence[StoreSales],
        payments: Iterable[StorePayment],
        taxes: Iterable[StoreTax],
    ) -> Self:
        """Return the sums of the stores. Gross sales follow from the net ones."""
        discounts = sum([store.discount_cents for store in stores])
        returned = sum([store.returned_cents for store in stores])
        net = sum([store.amount_cents for store in stores])
        return cls(
            taxes=money(sum([store.tax_cents for store in stores])),
            gross=money(net + discounts + returned),
            discounts=money(discounts),
            returns=money(returned),
            returns_count=sum([store.returns_count for store in stores]),
            voids=money(sum([store.voided_cents for store in stores])),
            voids_count=sum([store.voids_count for store in stores]),
            payments=_payments(payments),
            cash_rounding=money(sum([store.cash_rounding_cents for store in stores])),
            taxes_by_code=_taxes(taxes),
        )

    def members(self) -> dict[str, Any]:
        """Return the values by member, for an answer that has them among its own."""
        return {name: getattr(self, name) for name in FiguresOut.__struct_fields__}


def figures_of_all(report: StoreReport) -> FiguresOut:
    """Return the figures of all stores of a report together."""
    return FiguresOut.of(report.stores, report.payments, report.taxes)


def figures_of_each(report: StoreReport) -> dict[int, FiguresOut]:
    """Return the figures of each store of a report."""
    payments: dict[int, list[StorePayment]] = {}
    for payment in report.payments:
        payments.setdefault(payment.store_id, []).append(payment)
    taxes: dict[int, list[StoreTax]] = {}
    for tax in report.taxes:
        taxes.setdefault(tax.store_id, []).append(tax)
    return {
        store.store_id: FiguresOut.of(
            [store], payments.get(store.store_id, []), taxes.get(store.store_id, [])
        )
        for store in report.stores
    }


def money(cents: int) -> float:
    # The shortest decimal that a float prints is the exact one up to 90 billion.
    return cents / 100


def _payments(payments: Iterable[StorePayment]) -> list[PaymentOut]:
    sums: Counter[str] = Counter()
    for each in payments:
        sums[each.method] += each.amount_cents
    return [PaymentOut(word_of_method(name), money(sums[name])) for name in sorted(sums)]


def _taxes(taxes: Iterable[StoreTax]) -> list[TaxOut]:
    sums: Counter[str] = Counter()
    for each in taxes:
        sums[each.code] += each.amount_cents
    return [TaxOut(code, money(sums[code])) for code in sorted(sums)]
