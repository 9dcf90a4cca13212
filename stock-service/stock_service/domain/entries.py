"""Receptions and adjustments that people enter: their lines, and what a store lets them do."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from stock_service.domain.errors import (
    Fault,
    InsufficientStock,
    InvalidDocument,
    LevelOutOfBounds,
)
from stock_service.domain.levels import (
    LEVEL_LIMIT,
    Document,
    Kind,
    LevelBook,
    LevelKey,
    Movement,
    ProductId,
    StoreId,
)


@dataclass(slots=True)
class Entry:
    """The change of one product: its lines summed, with their places in the body."""

    product_id: ProductId
    delta: int = 0
    lines: list[int] = field(default_factory=list)

    def faults(self, member: str, fault: Fault) -> list[Fault]:
        """The fault at this member of each of the entry's lines."""
        return [{"pointer": f"/lignes/{line}/{member}", **fault} for line in self.lines]


@dataclass(frozen=True, slots=True)
class StockEntry:
    """A reception or an adjustment in one store."""

    store_id: StoreId
    document: Document
    entries: Sequence[Entry]

    @property
    def keys(self) -> list[LevelKey]:
        return [LevelKey(self.store_id, entry.product_id) for entry in self.entries]


def enter_stock(
    store_id: StoreId, document: Document, lines: Iterable[tuple[ProductId, int]]
) -> StockEntry:
    """Sum the lines per product; raises `InvalidDocument` with all that makes no sense."""
    entries: dict[ProductId, Entry] = {}
    faults: list[Fault] = []
    if document.kind is Kind.ADJUSTMENT and document.reason is None:
        faults.append(_fault("/motif", "motif-obligatoire", "Un ajustement dit son motif."))
    for place, (product_id, quantity) in enumerate(lines):
        if document.kind is Kind.RECEPTION and quantity < 1:
            detail = "Une réception ajoute au moins une unité."
            faults.append(_fault(f"/lignes/{place}/quantite", "quantite-invalide", detail))
        entry = entries.setdefault(product_id, Entry(product_id))
        entry.delta += quantity
        entry.lines.append(place)
    for entry in entries.values():
        if entry.delta == 0:
            nothing: Fault = {"code": "quantite-nulle", "detail": "La somme du produit est nulle."}
            faults += entry.faults("quantite", nothing)
    if faults:
        raise InvalidDocument(f"Le mouvement contient {len(faults)} erreur(s).", faults)
    return StockEntry(store_id, document, list(entries.values()))


def apply_entry(book: LevelBook, entry: StockEntry, *, is_strict: bool) -> list[Movement]:
    """Move all levels of the entry or none, as the store's policy and the bounds allow."""

    def find(is_faulty: Callable[[LevelKey, int], bool]) -> list[tuple[Entry, int]]:
        return [
            (each, book.on_hand(key))
            for key, each in zip(entry.keys, entry.entries, strict=True)
            if is_faulty(key, each.delta)
        ]

    # More goods are always welcome, even where they do not yet lift the level above zero.
    missing = find(lambda key, delta: is_strict and delta < 0 and book.on_hand(key) + delta < 0)
    if missing:
        raise InsufficientStock(
            f"Le stock de {len(missing)} produit(s) ne suffit pas ; rien n'a été changé.",
            [fault for each, on_hand in missing for fault in _shortage_faults(each, on_hand)],
        )
    excessive = find(book.exceeds_limit)
    if excessive:
        beyond: Fault = {
            "code": "niveau-hors-bornes",
            "detail": f"Le stock dépasserait {LEVEL_LIMIT} unités.",
        }
        faults = [fault for each, _ in excessive for fault in each.faults("quantite", beyond)]
        raise LevelOutOfBounds("Le mouvement sort des bornes ; rien n'a été changé.", faults)
    return [
        book.move(key, each.delta, entry.document)
        for key, each in zip(entry.keys, entry.entries, strict=True)
    ]


def _shortage_faults(entry: Entry, on_hand: int) -> list[Fault]:
    return entry.faults(
        "quantite",
        {
            "code": "stock-insuffisant",
            "detail": f"Il reste {on_hand} unité(s).",
            "produit_id": entry.product_id,
            "demande": -entry.delta,
            "disponible": on_hand,
        },
    )


def _fault(pointer: str, code: str, detail: str) -> Fault:
    return {"pointer": pointer, "code": code, "detail": detail}
