"""Requests: French query parameters outside, English objects inside."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from report_service.api.words import KINDS, translate
from report_service.db.facts import Awaited
from report_service.db.journal import Filter
from service_kit.http.dates import CalendarDate, WrittenInstant

LARGEST_ID = 2_147_483_647


class FreshnessIn(BaseModel):
    """The query parameters of every report: which documents its figures must hold."""

    # A misspelt parameter is an error, never ignored.
    model_config = ConfigDict(extra="forbid", alias_generator=translate)

    after_sale: Annotated[
        UUID | None, Field(description="Wait until this sale is counted (read your writes)")
    ] = None
    after_void: Annotated[
        UUID | None, Field(description="Wait until the void of this sale is counted")
    ] = None
    after_return: Annotated[UUID | None, Field(description="Wait until this return is counted")] = (
        None
    )
    longest_wait_ms: Annotated[
        int, Field(ge=0, le=10_000, description="How long to wait for `apres_…` at most")
    ] = 1000

    @property
    def awaited(self) -> Awaited | None:
        """Return what the figures must hold; None: nothing in particular."""
        awaited = Awaited(self.after_sale, self.after_void, self.after_return)
        return awaited if any(awaited) else None


class PeriodIn(FreshnessIn):
    """A range of business dates, both included. Without a date, the range has no end there."""

    start: Annotated[CalendarDate | None, Field(description="First business date: AAAA-MM-JJ")] = (
        None
    )
    end: Annotated[CalendarDate | None, Field(description="Last business date, included")] = None


class StoreReportIn(PeriodIn):
    """The query parameters of the reports by store."""

    store_id: Annotated[
        int | None,
        Field(ge=1, le=LARGEST_ID, description="One store; a key with stores must name its own"),
    ] = None


class ReportIn(PeriodIn):
    """The query parameters of the consolidated report."""

    best_sellers: Annotated[
        int, Field(ge=1, le=10_000, description="How many of the best selling products")
    ] = 10


# PostgreSQL and Python disagree about the years 1 and 9999.
Instant = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC)),
    WrittenInstant,
]


class JournalIn(BaseModel):
    """A page of the journal, newest first."""

    model_config = ConfigDict(extra="forbid", alias_generator=translate)

    actor: Annotated[
        str | None,
        # PostgreSQL refuses NUL.
        Field(
            min_length=1,
            max_length=100,
            pattern=r"^[^\x00]*$",
            description="Only what this client, person or process did, such as `store-1/till`",
        ),
    ] = None
    store_id: Annotated[
        int | None, Field(ge=1, le=LARGEST_ID, description="Only what concerns this store")
    ] = None
    kind: Annotated[
        Literal[
            "vente_enregistree",
            "vente_marquee",
            "vente_rejetee",
            "vente_annulee",
            "vente_confirmee_annulee",
            "retour_enregistre",
            "magasin_modifie",
            "produit_modifie",
            "niveau_declare",
            "mouvement",
            "transfert_expedie",
            "transfert_recu",
            "cle_modifiee",
            "journee_cloturee",
            "caisse_mouvementee",
            "taux_modifie",
        ]
        | None,
        Field(description="Only this kind"),
    ] = None
    since: Annotated[
        Instant | None,
        Field(description="Only from this instant on, such as 2026-01-31T08:00:00-05:00"),
    ] = None
    until: Annotated[
        Instant | None, Field(description="Only before this instant, which is not included")
    ] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: Annotated[
        str | None,
        Field(
            max_length=200,
            description="Where the page begins: the header `Link` of each page names that of the"
            " next one",
        ),
    ] = None

    def to_filter(self) -> Filter:
        """Return what the page shows, in the words of the database."""
        kind = None if self.kind is None else KINDS[self.kind]
        return Filter(self.actor, self.store_id, kind, self.since, self.until)
