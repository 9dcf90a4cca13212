"""What a store sold on a day, what came back, and the cash that its registers should hold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sales_service.domain.payments import Method

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """The taxes of one code: those of sales less those that returns gave back."""

    code: str
    amount_cents: int


@dataclass(frozen=True, slots=True)
class MethodTotal:
    """What was taken by one method, without the change, less what was paid back."""

    method: Method
    amount_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterCash:
    """The cash of one register; `counted_cents` is None when nobody has counted it."""

    register_id: str | None
    float_cents: int = 0
    paid_in_cents: int = 0
    paid_out_cents: int = 0
    cash_sales_cents: int = 0  # without the change
    cash_returns_cents: int = 0
    counted_cents: int | None = None

    @property
    def expected_cents(self) -> int:
        received = self.float_cents + self.paid_in_cents + self.cash_sales_cents
        return received - self.paid_out_cents - self.cash_returns_cents

    @property
    def difference_cents(self) -> int | None:
        """Return what is there beyond what is expected; below 0 it is missing."""
        return None if self.counted_cents is None else self.counted_cents - self.expected_cents


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTotals:
    """The sums over the documents of a store and day. A voided sale counts as void alone.

    `unstated_cents` is what sales cost without saying how they are paid, with taxes, less what such
    returns refund.
    """

    sale_count: int = 0
    first_number: str | None = None
    last_number: str | None = None
    gross_cents: int = 0
    discount_cents: int = 0
    return_count: int = 0
    return_cents: int = 0
    void_count: int = 0
    voided_cents: int = 0
    taxes: tuple[TaxTotal, ...] = ()
    payments: tuple[MethodTotal, ...] = ()
    cash_rounding_cents: int = 0
    unstated_cents: int = 0
    registers: tuple[RegisterCash, ...] = ()

    @property
    def total_cents(self) -> int:
        return self.gross_cents - self.discount_cents - self.return_cents

    @property
    def tax_cents(self) -> int:
        return sum(tax.amount_cents for tax in self.taxes)

    @property
    def difference_cents(self) -> int | None:
        """Return the cash difference of the counted registers; None: none was counted."""
        known = [each.difference_cents for each in self.registers]
        counted = [cents for cents in known if cents is not None]
        return sum(counted) if counted else None


_SUMMED = (
    *("sale_count", "gross_cents", "discount_cents", "return_count", "return_cents"),
    *("void_count", "voided_cents", "cash_rounding_cents", "unstated_cents"),
)
_OF_REGISTER = (
    *("float_cents", "paid_in_cents", "paid_out_cents"),
    *("cash_sales_cents", "cash_returns_cents"),
)


def with_counts(totals: DayTotals, counts: Mapping[str | None, int]) -> DayTotals:
    """Return the totals with the cash that was counted, by register.

    A counted register without any cash of the day appears, too.
    """
    known = {each.register_id: each for each in totals.registers}
    for register_id, cents in counts.items():
        register = known.get(register_id, RegisterCash(register_id=register_id))
        known[register_id] = replace(register, counted_cents=cents)
    return replace(totals, registers=_in_order(known.values()))


def add(sealed: DayTotals, late: DayTotals) -> DayTotals:
    """Return the sums of sealed totals and of the documents that came later."""
    numbers = sealed.first_number, sealed.last_number, late.first_number, late.last_number
    known = sorted((number for number in numbers if number), key=lambda each: (len(each), each))
    taxes = _sums([(tax.code, tax.amount_cents) for tax in (*sealed.taxes, *late.taxes)])
    payments = _sums([(p.method, p.amount_cents) for p in (*sealed.payments, *late.payments)])
    return DayTotals(
        **{name: getattr(sealed, name) + getattr(late, name) for name in _SUMMED},
        first_number=known[0] if known else None,
        last_number=known[-1] if known else None,
        taxes=tuple(TaxTotal(code, cents) for code, cents in sorted(taxes.items())),
        payments=tuple(MethodTotal(method, cents) for method, cents in sorted(payments.items())),
        registers=_add_registers(sealed.registers, late.registers),
    )


def _sums(amounts: Iterable[tuple[Key, int]]) -> dict[Key, int]:
    sums: dict[Key, int] = {}
    for key, cents in amounts:
        sums[key] = sums.get(key, 0) + cents
    return sums


def _add_registers(
    sealed: Sequence[RegisterCash], late: Sequence[RegisterCash]
) -> tuple[RegisterCash, ...]:
    known = {each.register_id: each for each in sealed}
    for more in late:
        register = known.get(more.register_id, RegisterCash(register_id=more.register_id))
        sums = {name: getattr(register, name) + getattr(more, name) for name in _OF_REGISTER}
        known[more.register_id] = replace(register, **sums)
    return _in_order(known.values())


def _in_order(registers: Iterable[RegisterCash]) -> tuple[RegisterCash, ...]:
    """Return registers by name; the one without a name is the last."""
    return tuple(
        sorted(registers, key=lambda each: (each.register_id is None, each.register_id or ""))
    )
