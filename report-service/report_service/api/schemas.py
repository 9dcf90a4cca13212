"""Requests: French query parameters outside, English objects inside."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from report_service.api.words import translate

LARGEST_ID = 2_147_483_647


class FreshnessIn(BaseModel):
    """The query parameters of every report: which sale its figures must hold."""

    # A misspelt parameter is an error, never ignored.
    model_config = ConfigDict(extra="forbid", alias_generator=translate)

    after_sale: Annotated[
        UUID | None, Field(description="Wait until this sale is counted (read your writes)")
    ] = None
    longest_wait_ms: Annotated[
        int, Field(ge=0, le=10_000, description="How long to wait for `apres_vente` at most")
    ] = 1000


class PeriodIn(FreshnessIn):
    """A range of business dates, both included. Without a date, the range has no end there."""

    start: Annotated[date | None, Field(description="First business date, such as 2026-01-31")] = (
        None
    )
    end: Annotated[date | None, Field(description="Last business date; it is included")] = None


class StoreReportIn(PeriodIn):
    """The query parameters of the report by store."""

    store_id: Annotated[
        int | None,
        Field(ge=1, le=LARGEST_ID, description="One store; a key with stores must name its own"),
    ] = None


class ReportIn(PeriodIn):
    """The query parameters of the consolidated report."""

    best_sellers: Annotated[
        int, Field(ge=1, le=10_000, description="How many of the best selling products")
    ] = 10
