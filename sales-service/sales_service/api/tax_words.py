"""Places, classes and codes of taxes in requests."""

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from sales_service.domain.search_keys import fold
from service_kit.http.spelling import Spelling

TaxCode = Annotated[
    str,
    Spelling("[A-Z0-9]{1,10}", "1 à 10 lettres majuscules sans accents ou chiffres sont attendus."),
]


# The pattern is of the text without its accents and case, which a client may send.
_ANY_TEXT = WithJsonSchema({"type": "string"})


def _in_capitals(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _without_accents(value: Any) -> Any:
    return fold(value) if isinstance(value, str) else value


TaxPlace = Annotated[
    str,
    BeforeValidator(_in_capitals),
    Spelling(
        "[A-Z0-9-]{1,10}", "1 à 10 lettres sans accents, chiffres ou traits d'union sont attendus."
    ),
    _ANY_TEXT,
]

# `Détaxé` is `detaxe`.
TaxClass = Annotated[
    str,
    BeforeValidator(_without_accents),
    Spelling(
        "[a-z0-9_-]{1,20}", "1 à 20 lettres, chiffres, traits d'union ou soulignés sont attendus."
    ),
    _ANY_TEXT,
]
