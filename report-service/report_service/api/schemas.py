"""The shapes of queries and answers: French names outside, English names inside."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType
from pydantic import BaseModel, ConfigDict, Field

Money = Annotated[float, Meta(description="Net of tax, exact to the cent", examples=[1234.5])]
Instant = Annotated[datetime, Meta(tz=True)]
IsCurrent = Annotated[bool, Meta(description="Only with `apres_vente`: is that sale counted?")]


class FreshnessIn(BaseModel):
    """The query parameters of every report: which sale its figures must hold."""

    model_config = ConfigDict(extra="forbid")

    after_sale: UUID | None = Field(
        None, alias="apres_vente", description="Wait until this sale is counted (read your writes)"
    )
    longest_wait_ms: int = Field(
        1000,
        alias="attendre_ms",
        ge=0,
        le=10_000,
        description="How long to wait for `apres_vente` at most",
    )


class PeriodIn(FreshnessIn):
    """A range of business dates, both included. Without a date, the range has no end there."""

    start: date | None = Field(None, alias="date_debut")
    end: date | None = Field(None, alias="date_fin")


class ReportIn(PeriodIn):
    """The query parameters of the consolidated report."""

    best_sellers: int = Field(
        10,
        alias="limite",
        ge=1,
        le=10_000,
        description="How many of the best selling products",
    )


class FreshnessOut(
    Struct,
    rename={
        "computed_at": "calcule_a",
        "complete_until": "complet_jusqua",
        "delay_ms": "retard_ms",
    },
):
    """When the figures were read. Every event in Kafka at `complet_jusqua` is counted in them."""

    computed_at: Instant
    complete_until: Instant | None
    delay_ms: int | None


class PeriodOut(Struct, rename={"start": "date_debut", "end": "date_fin"}):
    """The business dates of a report, both included. Null means no bound."""

    start: date | None
    end: date | None


class ProductOut(
    Struct,
    gc=False,
    rename={
        "product_id": "produit_id",
        "name": "nom",
        "category": "categorie",
        "units": "quantite",
        "amount": "total",
    },
):
    """The sales of one of the best sellers."""

    product_id: int
    name: str
    category: str
    units: int
    amount: Money


class StockAlertOut(
    Struct,
    gc=False,
    rename={
        "product_id": "produit_id",
        "name": "nom",
        "category": "categorie",
        "on_hand": "stock",
        "store_id": "magasin_id",
        "store": "magasin",
    },
):
    """A product of which a store has no unit left, or too many."""

    product_id: int
    name: str
    category: str
    on_hand: int
    store_id: int
    store: str


class StoreOut(
    Struct,
    gc=False,
    rename={
        "store_id": "magasin_id",
        "store": "magasin",
        "amount": "total",
        "sales_count": "nombre_ventes",
    },
):
    """The sales of a store."""

    store_id: int
    store: str
    amount: Money
    sales_count: int


class DayOut(Struct, gc=False, rename={"business_date": "jour", "amount": "total"}):
    """The sales of a business date."""

    business_date: date
    amount: Money


class ReportOut(
    Struct,
    rename={
        "amount": "total_ventes",
        "sales_count": "nombre_ventes",
        "period": "periode",
        "products": "produits",
        "stock_outs": "ruptures",
        "overstocks": "surstocks",
        "stores": "ventes_par_magasin",
        "days": "tendance_journaliere",
        "is_current": "a_jour",
    },
):
    """The figures of the consolidated report. All come from one snapshot."""

    amount: Money
    sales_count: int
    taxes: Money
    period: PeriodOut
    products: list[ProductOut]
    stock_outs: list[StockAlertOut]
    overstocks: list[StockAlertOut]
    stores: list[StoreOut]
    days: list[DayOut]
    is_current: IsCurrent | UnsetType = UNSET


class StoreLineOut(
    Struct,
    gc=False,
    rename={
        "store_id": "magasin_id",
        "store": "magasin",
        "sales_count": "nombre_ventes",
        "amount": "total_ventes",
    },
):
    """The sales of a store, as a line of the report by store."""

    store_id: int
    store: str
    sales_count: int
    amount: Money


class StoreReportOut(
    Struct, rename={"period": "periode", "stores": "rapport", "is_current": "a_jour"}
):
    """The figures of the report by store."""

    period: PeriodOut
    stores: list[StoreLineOut]
    is_current: IsCurrent | UnsetType = UNSET
