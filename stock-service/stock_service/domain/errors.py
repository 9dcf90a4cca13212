"""What can be wrong with a request or an event, as facts; `api/problems.py` maps them to HTTP.

Text, `code` and `errors` of each are what the outside reads.
"""

from collections.abc import Iterable
from typing import ClassVar, TypedDict


class Fault(TypedDict, total=False):
    """One fault of a request body; `pointer` is a JSON Pointer (RFC 6901)."""

    pointer: str
    code: str
    detail: str
    produit_id: int
    demande: int
    disponible: int


class StockError(Exception):
    """The request or event cannot be done."""

    code: ClassVar[str] = "erreur"

    def __init__(self, message: str, errors: Iterable[Fault] = ()) -> None:
        super().__init__(message)
        self.errors = list(errors)


class UnknownStore(StockError):
    """No store has this identifier."""

    code = "magasin-introuvable"


class UnknownProduct(StockError):
    """No product has this identifier."""

    code = "produit-introuvable"


class InvalidDocument(StockError):
    """The lines of a reception or adjustment make no sense together."""

    code = "mouvement-invalide"


class InsufficientStock(StockError):
    """A strict store has less than the adjustment takes."""

    code = "stock-insuffisant"


class LevelOutOfBounds(StockError):
    """A level would leave every reasonable range."""

    code = "niveau-hors-bornes"


class ImpossibleSale(StockError):
    """An event about a sale contradicts what is known of it."""

    code = "vente-impossible"
