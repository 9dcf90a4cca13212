"""French JSON outside, English objects inside: sales."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from pydantic.types import StringConstraints
from uuid_utils.compat import uuid7

from sales_service.api.schemas import Amount, Body, Identifier, UnitPrice
from sales_service.domain.catalogue import ProductId, StoreId
from sales_service.domain.sale import DraftLine, SaleDraft, SaleId, SaleStatus

MOST_LINES = 1200
MOST_UNITS = 1_000_000

FRENCH_STATUS = {
    SaleStatus.PENDING: "en_attente",
    SaleStatus.CONFIRMED: "confirmee",
    SaleStatus.REJECTED: "rejetee",
    SaleStatus.CANCELLED: "annulee",
}
MESSAGES = {
    SaleStatus.PENDING: "Vente enregistrée, en attente du stock",
    SaleStatus.CONFIRMED: "Vente enregistrée",
}


def _is_uuid7(value: UUID) -> UUID:
    if value.version != 7:
        raise ValueError("Un UUID de version 7 est attendu.")
    return value


class LineIn(Body):
    """A line of a basket; without `prix_unitaire` the catalogue's price counts."""

    produit_id: Identifier
    quantite: Annotated[int, Field(strict=True, ge=1, le=MOST_UNITS)]
    prix_unitaire: UnitPrice | None = None


class SaleIn(Body):
    """A basket. `date` without offset is the store's local time; without `date` it is now."""

    magasin_id: Identifier
    panier: Annotated[list[LineIn], Field(min_length=1, max_length=MOST_LINES)]
    date: dt.datetime | None = None
    caisse: Annotated[str, StringConstraints(pattern=r"^[\w .:/-]{1,50}$")] | None = None
    vente_id: Annotated[UUID, AfterValidator(_is_uuid7)] | None = None

    def to_draft(self) -> SaleDraft:
        """The basket in the words of the domain."""
        return SaleDraft(
            sale_id=SaleId(self.vente_id or uuid7()),
            has_chosen_id=self.vente_id is not None,
            store_id=StoreId(self.magasin_id),
            sold_at=self.date,
            register_id=self.caisse,
            lines=tuple(
                DraftLine(ProductId(line.produit_id), line.quantite, line.prix_unitaire)
                for line in self.panier
            ),
        )


class LineOut(BaseModel):
    """A line of a receipt."""

    produit_id: int
    nom: str
    categorie: str
    quantite: int
    prix_unitaire: Amount
    sous_total: Amount
    taxes: Amount


class TaxOut(BaseModel):
    """A tax of a receipt."""

    code: str
    taux: Amount
    montant: Amount


class SaleOut(BaseModel):
    """A receipt; `id`, `date`, `magasin_id`, `total` and `lignes` are the seed's.

    `total` is net of tax, `total_ttc` is what the customer pays.
    """

    id: UUID
    numero: str
    statut: str
    date: dt.datetime
    date_affaires: dt.date
    magasin_id: int
    caisse: str | None
    devise: str
    total: Amount
    taxes: list[TaxOut]
    total_ttc: Amount
    lignes: list[LineOut]


class SaleAnswer(SaleOut):
    """The answer to a posted sale: the receipt, with the seed's `message` and `vente_id`."""

    message: str
    vente_id: UUID
