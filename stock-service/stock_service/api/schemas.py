"""Requests: French parameters and JSON outside, English objects inside."""

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic_core import PydanticCustomError
from uuid_utils.compat import uuid7

from service_kit.events.causes import current_actor
from service_kit.http.dates import WrittenInstant
from stock_service.api.amounts import UnitCost
from stock_service.api.words import KINDS, translate
from stock_service.db.level_lists import LevelFilter
from stock_service.domain.entries import StockEntry, enter_stock
from stock_service.domain.levels import Document, ProductId, StoreId

# A misspelt member or parameter is an error, never ignored.
FRENCH = ConfigDict(extra="forbid", alias_generator=translate)

# As it stands in `/docs`; it works on the demo stores.
_RECEPTION: dict[str, Any] = {
    "magasin_id": 1,
    "type": "reception",
    "lignes": [{"produit_id": 1, "quantite": 10, "cout_unitaire": 2.75}],
}

LARGEST_ID = 2_147_483_647
LARGEST_QUANTITY = 1_000_000
LONGEST_PAGE = 5000
MOST_FILTERED = 100  # products, and stores, that a list names
# What is entered later than this needs a right.
LATEST_ENTRY = timedelta(days=1)
# A clock that is further ahead is wrong.
LATEST_AHEAD = timedelta(days=1)


def one_line(value: str) -> str:
    # PostgreSQL refuses NUL, and a line break would spoil a list of reasons.
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise PydanticCustomError("caractere-interdit", "Un texte d'une ligne est attendu.")
    return value


Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(one_line),
]


def _not_ahead(value: datetime) -> datetime:
    # The ledger never forgets: goods of 2099 would stand in it before they come.
    if value > datetime.now(UTC) + LATEST_AHEAD:
        raise PydanticCustomError("date-absurde", "Le mouvement a plus d'un jour d'avance.")
    return value


# PostgreSQL and Python disagree about the year 1.
Instant = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC)),
    WrittenInstant,
    AfterValidator(_not_ahead),
]


CURSOR_HINT = "Where the page begins: the header `Link` of each page names that of the next one"


class PageQuery(BaseModel):
    """A page of a list."""

    model_config = FRENCH

    limit: Annotated[int, Field(ge=1, le=LONGEST_PAGE)] = 500
    cursor: Annotated[
        str | None,
        Field(max_length=100, description=CURSOR_HINT),
    ] = None


Product = Annotated[ProductId, Field(ge=1, le=LARGEST_ID)]
Store = Annotated[StoreId, Field(ge=1, le=LARGEST_ID)]


class LevelQuery(PageQuery):
    """A page of levels, as they are or as they were."""

    product_ids: Annotated[
        list[Product] | None,
        Field(max_length=MOST_FILTERED, description="Only these products; may be repeated"),
    ] = None
    category: Annotated[
        Annotated[str, Field(max_length=200), AfterValidator(one_line)] | None,
        Field(description="Only products that are in this category now"),
    ] = None
    is_negative: Annotated[bool, Field(description="Only levels below 0")] = False
    is_in_stock: Annotated[bool, Field(description="Only levels above 0")] = False
    instant: Annotated[
        Annotated[
            AwareDatetime,
            # In UTC it must be a year of the calendar, too.
            Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(9999, 1, 1, tzinfo=UTC)),
            WrittenInstant,
        ]
        | None,
        Field(
            description="What the books said at this instant, with its offset, by the time of"
            " recording; a level without a movement by then is left out"
        ),
    ] = None

    def wanted(self) -> LevelFilter:
        """Return the filter in the words of the domain."""
        return LevelFilter(
            product_ids=self.product_ids,
            category=self.category,
            is_negative=self.is_negative,
            is_in_stock=self.is_in_stock,
            instant=self.instant,
        )


class StockQuery(LevelQuery):
    """A page of the levels of all stores."""

    store_ids: Annotated[
        list[Store] | None,
        Field(max_length=MOST_FILTERED, description="Only these stores; may be repeated"),
    ] = None


class MovementQuery(PageQuery):
    """A page of the ledger."""

    product_id: Annotated[
        ProductId | None, Field(ge=1, le=LARGEST_ID, description="Only this product")
    ] = None
    store_id: Annotated[
        StoreId | None, Field(ge=1, le=LARGEST_ID, description="Only this store")
    ] = None


class LineIn(BaseModel):
    """A product and the quantity that is added (reception) or corrected (adjustment).

    A reception may tell the cost of its units, which moves the average cost in the store.
    """

    model_config = ConfigDict(**FRENCH, strict=True)

    product_id: Annotated[ProductId, Field(ge=1, le=LARGEST_ID)]
    quantity: Annotated[int, Field(ge=-LARGEST_QUANTITY, le=LARGEST_QUANTITY)]
    unit_cost: UnitCost | None = None


class EntryIn(BaseModel):
    """A reception or an adjustment.

    With a `survenu_a` of more than a day ago it needs the right `backdate`.
    """

    model_config = {**FRENCH, "json_schema_extra": {"examples": [_RECEPTION]}}

    store_id: Annotated[StoreId, Field(ge=1, le=LARGEST_ID, strict=True)]
    kind: Literal["reception", "ajustement"]
    reason: Reason | None = None
    occurred_at: Instant | None = None
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=5000)]

    def to_entry(self) -> StockEntry:
        document = Document(
            document_id=uuid7(),
            kind=KINDS[self.kind],
            occurred_at=self.occurred_at or datetime.now(UTC),
            reason=self.reason,
            actor=current_actor(),
        )
        lines = ((line.product_id, line.quantity) for line in self.lines)
        unit_costs = [line.unit_cost for line in self.lines]
        return enter_stock(self.store_id, document, lines, unit_costs)


def is_late(document: Document) -> bool:
    """Return whether a document is entered long after it happened."""
    return document.occurred_at < datetime.now(UTC) - LATEST_ENTRY
