"""Each service's one table from errors to HTTP statuses is complete."""

import sales_service.api.problems
import stock_service.api.problems
from sales_service.domain.errors import SalesError
from stock_service.domain.errors import ImpossibleSale, StockError


def test_every_error_of_the_sales_service_has_a_status() -> None:
    assert set(SalesError.__subclasses__()) == set(sales_service.api.problems.PROBLEM_OF)


def test_every_error_of_the_stock_service_that_a_request_meets_has_a_status() -> None:
    mapped = set(stock_service.api.problems.PROBLEM_OF)

    # Only an event brings an impossible sale, and it becomes a dead letter.
    assert set(StockError.__subclasses__()) - mapped == {ImpossibleSale}
