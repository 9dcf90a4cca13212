"""What can be wrong with a request, as facts; `api/problems.py` maps them to HTTP."""

from collections.abc import Sequence
from typing import Any, ClassVar


class SalesError(Exception):
    """The request cannot be done."""

    code: ClassVar[str] = "erreur"

    def __init__(self, message: str, errors: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.errors = list(errors)


class UnknownReference(SalesError):
    """The basket names a store or products that do not exist."""

    code = "reference-inconnue"


class UnknownStore(SalesError):
    """No store has this identifier."""

    code = "magasin-introuvable"


class UnknownProduct(SalesError):
    """No product has this identifier."""

    code = "produit-introuvable"


class UnknownSale(SalesError):
    """No sale has this identifier."""

    code = "vente-introuvable"


class StoreExists(SalesError):
    """Another store has this name."""

    code = "magasin-existant"


class ProductExists(SalesError):
    """Another product has this SKU."""

    code = "produit-existant"


class SaleExists(SalesError):
    """A sale with this identifier was recorded before, with another content."""

    code = "vente-existante"


class ImpossibleSale(SalesError):
    """The sale's values are out of every reasonable range."""

    code = "vente-impossible"


class StoreClosed(SalesError):
    """The place does not sell."""

    code = "magasin-sans-vente"
