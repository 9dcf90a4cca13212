"""The sums of sealed totals and of what came late, and what a register should hold."""

from sales_service.domain.day_totals import (
    DayTotals,
    MethodTotal,
    RegisterCash,
    TaxTotal,
    add,
    with_counts,
)
from sales_service.domain.payments import Method

TILL = RegisterCash(
    register_id="caisse 1",
    float_cents=10_000,
    paid_in_cents=500,
    paid_out_cents=1_500,
    cash_sales_cents=4_020,
    cash_returns_cents=1_080,
)


def test_a_register_holds_what_went_in_less_what_went_out() -> None:
    assert TILL.expected_cents == 11_940
    assert TILL.difference_cents is None


def test_a_count_is_compared_with_what_is_expected() -> None:
    totals = with_counts(DayTotals(registers=(TILL,)), {"caisse 1": 11_900})

    assert totals.registers[0].difference_cents == -40
    assert totals.difference_cents == -40


def test_a_counted_register_without_cash_appears_and_the_nameless_one_is_last() -> None:
    totals = with_counts(DayTotals(registers=(TILL,)), {None: 25, "caisse 0": 0})

    assert [each.register_id for each in totals.registers] == ["caisse 0", "caisse 1", None]
    assert totals.difference_cents == 25


def test_without_any_count_no_difference_is_known() -> None:
    assert DayTotals(registers=(TILL,)).difference_cents is None


def test_what_came_late_is_added() -> None:
    sealed = DayTotals(
        sale_count=2,
        first_number="3-000009",
        last_number="3-999999",
        gross_cents=300,
        discount_cents=30,
        taxes=(TaxTotal("TPS", 15),),
        payments=(MethodTotal(Method.CASH, 200), MethodTotal(Method.DEBIT, 100)),
        registers=(RegisterCash(register_id=None, cash_sales_cents=200, counted_cents=300),),
    )
    late = DayTotals(
        sale_count=1,
        first_number="3-1000000",
        last_number="3-1000000",
        gross_cents=100,
        return_count=1,
        return_cents=40,
        taxes=(TaxTotal("TPS", 5), TaxTotal("TVQ", 10)),
        payments=(MethodTotal(Method.CASH, 100),),
        registers=(RegisterCash(register_id=None, cash_sales_cents=100),),
    )

    total = add(sealed, late)

    assert total == DayTotals(
        sale_count=3,
        # A number of seven digits follows one of six.
        first_number="3-000009",
        last_number="3-1000000",
        gross_cents=400,
        discount_cents=30,
        return_count=1,
        return_cents=40,
        taxes=(TaxTotal("TPS", 20), TaxTotal("TVQ", 10)),
        payments=(MethodTotal(Method.CASH, 300), MethodTotal(Method.DEBIT, 100)),
        registers=(RegisterCash(register_id=None, cash_sales_cents=300, counted_cents=300),),
    )
    assert total.total_cents == sealed.total_cents + late.total_cents == 330
    # The late sale explains what the drawer held too much.
    assert (sealed.difference_cents, total.difference_cents) == (100, 0)
