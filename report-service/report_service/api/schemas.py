"""What clients send and read, in French; cents become money here and nowhere else."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Money = Annotated[float, Field(description="Net of tax, exact to the cent", examples=[1234.5])]


class FreshnessIn(BaseModel):
    """Query parameters of every report: which sale its figures must hold."""

    model_config = ConfigDict(extra="forbid")

    apres_vente: UUID | None = Field(
        None, description="Wait until this sale is counted (read your writes)"
    )
    attendre_ms: int = Field(
        1000, ge=0, le=10_000, description="How long to wait for `apres_vente` at most"
    )


class PeriodIn(FreshnessIn):
    """A range of business dates, both included; a missing end is open."""

    date_debut: date | None = None
    date_fin: date | None = None


class ReportIn(PeriodIn):
    """Query parameters of the consolidated report."""

    limite: int = Field(10, ge=1, le=10_000, description="How many of the best selling products")


class PeriodOut(BaseModel):
    """The business dates of a report, both included; null is open."""

    date_debut: date | None
    date_fin: date | None


class FreshnessOut(BaseModel):
    """Every event that stood in Kafka at `complet_jusqua` is counted."""

    calcule_a: datetime
    complet_jusqua: datetime | None
    retard_ms: int | None
    a_jour: bool | None = Field(None, description="Only with `apres_vente`: is that sale counted?")


class ProductOut(BaseModel):
    """A best seller."""

    produit_id: int
    nom: str
    categorie: str
    quantite: int
    total: Money


class StockAlertOut(BaseModel):
    """A product of which a store has none left (or less), or too much."""

    produit_id: int
    nom: str
    categorie: str
    stock: int
    magasin_id: int
    magasin: str


class StoreOut(BaseModel):
    """A store's sales."""

    magasin_id: int
    magasin: str
    total: Money
    nombre_ventes: int


class DayOut(BaseModel):
    """A business date's sales."""

    jour: date
    total: Money


class ReportOut(FreshnessOut):
    """The consolidated report; all of its figures come from one snapshot."""

    total_ventes: Money
    nombre_ventes: int
    taxes: Money
    periode: PeriodOut
    produits: list[ProductOut]
    ruptures: list[StockAlertOut]
    surstocks: list[StockAlertOut]
    ventes_par_magasin: list[StoreOut]
    tendance_journaliere: list[DayOut]


class StoreLineOut(BaseModel):
    """A store's line in the sales report."""

    magasin_id: int
    magasin: str
    nombre_ventes: int
    total_ventes: Money


class StoreReportOut(FreshnessOut):
    """Sales by store."""

    periode: PeriodOut
    rapport: list[StoreLineOut]
