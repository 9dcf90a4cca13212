"""Requests about days: French JSON outside, words of the domain inside."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from sales_service.api.amounts import PaidAmount
from sales_service.api.day_words import CASH_KINDS, translate_of_day
from sales_service.api.sale_schemas import RegisterId, not_before_its_start
from sales_service.api.schemas import CURSOR_HINT, Text
from sales_service.use_cases.close_days import Count
from sales_service.use_cases.move_cash import CashDraft
from service_kit.http.dates import CalendarDate

MOST_COUNTS = 200
# A day that the demo chain has closed, and one that no store has begun.
Day = Annotated[CalendarDate, Path(description="A business date", examples=["2026-01-05"])]


def _with_example(example: dict[str, Any]) -> ConfigDict:
    return {**_FRENCH_OF_DAY, "json_schema_extra": {"examples": [example]}}


_FRENCH_OF_DAY = ConfigDict(extra="forbid", alias_generator=translate_of_day)


class DaysQuery(BaseModel):
    """A page of closed days, newest first."""

    model_config = _FRENCH_OF_DAY

    start: Annotated[CalendarDate | None, Field(description="First business date")] = None
    end: Annotated[CalendarDate | None, Field(description="Last business date, included")] = None
    limit: Annotated[int, Field(ge=1, le=366)] = 31
    cursor: Annotated[CalendarDate | None, Field(description=CURSOR_HINT)] = None

    @field_validator("end")
    @classmethod
    def _is_not_before_its_start(cls, end: dt.date | None, info: ValidationInfo) -> dt.date | None:
        return not_before_its_start(end, info)

    @property
    def last_day(self) -> dt.date | None:
        """Return the last day of the page, which a cursor names."""
        known = [day for day in (self.end, self.cursor) if day is not None]
        return min(known, default=None)


class MovementsQuery(BaseModel):
    """A page of the movements of cash of a day, oldest first."""

    model_config = _FRENCH_OF_DAY

    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: Annotated[UUID | None, Field(description=CURSOR_HINT)] = None


class CountIn(BaseModel):
    """The cash that was counted in a register; without `caisse`, in the one without a name."""

    model_config = _FRENCH_OF_DAY

    register_id: RegisterId | None = None
    amount: PaidAmount


class ClosingIn(BaseModel):
    """What was counted at the end of the day, and what there is to say about it."""

    model_config = _with_example({"comptages": [{"caisse": "caisse 1", "montant": 412.35}]})

    counts: Annotated[list[CountIn], Field(max_length=MOST_COUNTS)] = []
    reason: Text | None = None

    @model_validator(mode="after")
    def _counts_each_register_once(self) -> "ClosingIn":
        if len({each.register_id for each in self.counts}) < len(self.counts):
            raise ValueError("Une caisse est comptée deux fois.")
        return self

    def to_count(self, by: str) -> Count:
        """Return what a person counted, in the words of the use case."""
        cents = {each.register_id: int(each.amount * 100) for each in self.counts}
        return Count(by, cents, self.reason)


class CashMovementIn(BaseModel):
    """Cash without a sale: the float of the morning, what is paid in, or what is paid out.

    `sortie` is paid out, and needs a `motif`.
    """

    model_config = _with_example({"caisse": "caisse 1", "type": "fonds", "montant": 200})

    register_id: RegisterId | None = None
    kind: Literal["fonds", "entree", "sortie"]
    amount: Annotated[PaidAmount, Field(gt=0)]
    reason: Annotated[Text | None, Field(validate_default=True)] = None

    @field_validator("reason")
    @classmethod
    def _is_given_when_cash_leaves(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if reason is None and info.data.get("kind") == "sortie":
            raise ValueError("Une sortie demande un motif.")
        return reason

    def to_draft(self) -> CashDraft:
        """Return the movement in the words of the use case."""
        cents = int(self.amount * 100)
        return CashDraft(self.register_id, CASH_KINDS[self.kind], cents, self.reason)
