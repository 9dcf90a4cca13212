"""What can be wrong with a request about taxes, as facts."""

from collections.abc import Mapping
from decimal import Decimal

from sales_service.domain.errors import SalesError


class RepeatedTax(SalesError):
    """A store has this tax already; `index` is the place of the second one in its list."""

    def __init__(self, index: int, code: str) -> None:
        super().__init__(f"tax {code!r} twice")
        self.index = index
        self.code = code


class UnknownTaxPlace(SalesError):
    """No rate is known of this place."""

    def __init__(self, name: str) -> None:
        super().__init__(f"tax place {name!r}")
        self.name = name


class UnknownTaxClasses(SalesError):
    """Products have classes without a rate anywhere; `classes` has them by index."""

    def __init__(self, classes: Mapping[int, str]) -> None:
        super().__init__(f"{len(classes)} unknown tax classes")
        self.classes = classes


class UnknownTaxClass(SalesError):
    """No place has a rate for this class of goods."""

    def __init__(self, name: str) -> None:
        super().__init__(f"tax class {name!r}")
        self.name = name


class RateExists(SalesError):
    """The tax has another rate from the same date."""

    def __init__(self, rate: Decimal) -> None:
        super().__init__(f"rate {rate}")
        self.rate = rate


class UnknownRate(SalesError):
    """No rate of a tax has this id."""


class RateInForce(SalesError):
    """The rate has begun in some store."""


class TooManyTaxes(SalesError):
    """A class of goods has as many taxes at this place as a receipt may have."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} taxes")
        self.most = most
