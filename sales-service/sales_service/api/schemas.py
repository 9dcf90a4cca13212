"""French JSON outside, English objects inside: the catalogue."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, model_validator
from pydantic.types import StringConstraints

from sales_service.db.catalogue import ProductRow, StoreRow

LARGEST_ID = 2_147_483_647

# The seed's clients expect JSON numbers. The shortest decimal text of a float gives back up to
# 15 digits unchanged, which is more than any price or receipt has.
Amount = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
UnitPrice = Annotated[Decimal, Field(ge=0, lt=1_000_000, decimal_places=4)]
Identifier = Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID)]
PathId = Annotated[int, Path(ge=1, le=LARGEST_ID)]


def no_nul(value: str) -> str:
    """PostgreSQL keeps no NUL in a text."""
    if "\x00" in value:
        raise ValueError("Le caractère NUL n'est pas permis.")
    return value


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(no_nul),
]
LongText = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=2000), AfterValidator(no_nul)
]


def _known_timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("Fuseau horaire IANA inconnu.")
    ZoneInfo(name)
    return name


Timezone = Annotated[str, AfterValidator(_known_timezone)]
Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
KINDS = {"magasin": "store", "centre_logistique": "logistics-centre"}
FRENCH_KINDS = {kind: french for french, kind in KINDS.items()}


class Body(BaseModel):
    """A request body: a misspelt field is an error, never ignored."""

    model_config = ConfigDict(extra="forbid")


class TaxBody(Body):
    """A tax of a store."""

    code: Annotated[str, StringConstraints(pattern="^[A-Z0-9]{1,10}$")]
    taux: Annotated[Amount, Field(ge=0, le=1, decimal_places=6)]


class StoreIn(Body):
    """A new store."""

    nom: Text
    adresse: LongText = ""
    ville: LongText = ""
    type: Literal["magasin", "centre_logistique"] = "magasin"
    fuseau: Timezone | None = None
    heure_coupure: Annotated[int, Field(ge=0, le=12)] = 0
    devise: Currency | None = None
    politique_stock: Literal["strict", "permissive"] = "strict"
    taxes: Annotated[list[TaxBody], Field(max_length=5)] = []


class StoreChange(Body):
    """Changes of a store; absent fields stay."""

    nom: Text | None = None
    adresse: LongText | None = None
    ville: LongText | None = None
    fuseau: Timezone | None = None
    heure_coupure: Annotated[int | None, Field(ge=0, le=12)] = None
    politique_stock: Literal["strict", "permissive"] | None = None
    taxes: Annotated[list[TaxBody] | None, Field(max_length=5)] = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        return _require_change(self)


_STORE_COLUMNS = {
    "nom": "name",
    "adresse": "address",
    "ville": "city",
    "type": "kind",
    "fuseau": "timezone",
    "heure_coupure": "cutoff_hour",
    "devise": "currency",
    "politique_stock": "stock_policy",
    "taxes": "taxes",
}


def store_columns(body: StoreIn | StoreChange) -> dict[str, Any]:
    """The columns that a body sets."""
    given = body.model_dump(exclude_none=True)
    if "type" in given:
        given["type"] = KINDS[given["type"]]
    if "taxes" in given:
        given["taxes"] = [{"code": t["code"], "rate": str(t["taux"])} for t in given["taxes"]]
    return {_STORE_COLUMNS[name]: value for name, value in given.items()}


class StoreOut(BaseModel):
    """A store; `id`, `nom`, `adresse` and `ville` are the seed's."""

    id: int
    nom: str
    adresse: str
    ville: str
    type: str
    fuseau: str
    heure_coupure: int
    devise: str
    politique_stock: str
    taxes: list[TaxBody]
    version: int

    @classmethod
    def of(cls, store: StoreRow) -> Self:
        return cls(
            id=store.id,
            nom=store.name,
            adresse=store.address,
            ville=store.city,
            type=FRENCH_KINDS[store.kind],
            fuseau=store.timezone,
            heure_coupure=store.cutoff_hour,
            devise=store.currency,
            politique_stock=store.stock_policy,
            taxes=[TaxBody(code=t["code"], taux=Decimal(t["rate"])) for t in store.taxes],
            version=store.version,
        )


class ProductIn(Body):
    """A new product of the chain; its stock comes by a reception in a store."""

    nom: Text
    categorie: Text
    prix: UnitPrice
    sku: Text | None = None
    description: LongText = ""
    cout: UnitPrice | None = None

    def columns(self) -> dict[str, Any]:
        """The columns of the new row."""
        return {
            "name": self.nom,
            "category": self.categorie,
            "unit_price": self.prix,
            "sku": self.sku,
            "description": self.description,
            "unit_cost": self.cout,
        }


class ProductsIn(Body):
    """Many new products at once, all or none."""

    produits: Annotated[list[ProductIn], Field(min_length=1, max_length=1000)]


class ProductChange(Body):
    """Changes of a product; absent fields stay. Past sales keep their name and price."""

    nom: Text | None = None
    categorie: Text | None = None
    prix: UnitPrice | None = None
    sku: Text | None = None
    description: LongText | None = None
    cout: UnitPrice | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        return _require_change(self)

    def columns(self) -> dict[str, Any]:
        """The columns that change."""
        names = {
            "nom": "name",
            "categorie": "category",
            "prix": "unit_price",
            "sku": "sku",
            "description": "description",
            "cout": "unit_cost",
        }
        return {names[name]: value for name, value in self.model_dump(exclude_none=True).items()}


BodyType = TypeVar("BodyType", bound=Body)


def _require_change(body: BodyType) -> BodyType:
    if not body.model_dump(exclude_none=True):
        raise ValueError("Au moins un champ est attendu.")
    return body


class ProductOut(BaseModel):
    """A product; `id`, `nom`, `categorie` and `prix` are the seed's."""

    id: int
    sku: str
    nom: str
    categorie: str
    prix: Amount
    description: str
    cout: Amount | None
    version: int

    @classmethod
    def of(cls, product: ProductRow) -> Self:
        return cls(
            id=product.id,
            sku=product.sku,
            nom=product.name,
            categorie=product.category,
            prix=product.unit_price,
            description=product.description,
            cout=product.unit_cost,
            version=product.version,
        )


class ProductsOut(BaseModel):
    """The products of a batch, in its order."""

    produits: list[ProductOut]


class ProductsPage(BaseModel):
    """A page of the catalogue, the seed's shape."""

    total: int
    page: int
    size: int
    produits: list[ProductOut]
