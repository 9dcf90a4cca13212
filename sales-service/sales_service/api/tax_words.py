"""Places, classes and codes of taxes in requests."""

from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints

from sales_service.domain.search_keys import fold

TaxCode = Annotated[str, StringConstraints(pattern="^[A-Z0-9]{1,10}$")]


def _in_capitals(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _without_accents(value: Any) -> Any:
    return fold(value) if isinstance(value, str) else value


TaxPlace = Annotated[
    str, BeforeValidator(_in_capitals), StringConstraints(pattern="^[A-Z0-9-]{1,10}$")
]

# `Détaxé` is `detaxe`.
TaxClass = Annotated[
    str, BeforeValidator(_without_accents), StringConstraints(pattern="^[a-z0-9_-]{1,20}$")
]
