"""What a process counts of its sales."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sales_service import telemetry
from sales_service.domain.sale import SaleStatus
from sales_service.telemetry import count_sales
from tests.sales_service.test_receipts import SALE

CONFIRMED = replace(SALE, status=SaleStatus.CONFIRMED, total_cents=10_00, tax_cents=1_50)
VOIDED = replace(CONFIRMED, status=SaleStatus.VOIDED)


class Counter:
    def __init__(self) -> None:
        self.added: list[tuple[str, float]] = []

    def add(self, amount: float, labels: Mapping[str, str]) -> None:
        self.added.append((labels["currency"], amount))


@pytest.fixture
def voided(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """Return what a new process counts as voided."""
    counter = Counter()
    monkeypatch.setattr(telemetry, "_VOIDED_REVENUE", counter)
    monkeypatch.setattr(telemetry, "_BEGUN", set())
    return counter


def test_what_was_voided_begins_at_zero_with_the_first_sale_of_a_currency(voided: Counter) -> None:
    count_sales([SALE])
    assert voided.added == []

    count_sales([CONFIRMED, VOIDED, CONFIRMED, replace(CONFIRMED, currency="EUR")])
    assert voided.added == [("CAD", 0), ("CAD", 11.5), ("EUR", 0)]
