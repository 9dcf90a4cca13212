"""Applies the levels that head office declares."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from stock_service.domain.levels import Document, Kind, LevelBook, LevelKey


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a new product starts with in a store, or how many units were counted there."""

    declaration_id: UUID
    key: LevelKey
    kind: Kind
    quantity: int
    declared_at: datetime
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class AppliedDeclaration:
    """A declaration, and by how much it moved the level."""

    declaration: Declaration
    delta: int


def apply_declaration(book: LevelBook, declaration: Declaration) -> AppliedDeclaration:
    """Add the opening stock, or move the level to the count; raise `LevelOutOfBounds`."""
    delta = declaration.quantity
    if declaration.kind is Kind.COUNT:
        delta -= book.on_hand(declaration.key)
    if delta:
        document = Document(
            declaration.declaration_id,
            declaration.kind,
            declaration.declared_at,
            actor=declaration.actor,
        )
        book.move(declaration.key, delta, document)
    return AppliedDeclaration(declaration, delta)
