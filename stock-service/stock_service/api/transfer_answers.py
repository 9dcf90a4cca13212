"""Answers about transfers: English structs whose members have French names."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import msgspec

from service_kit.telemetry.stages import Stage, stage
from stock_service.api.answers import Instant
from stock_service.api.words import FRENCH, WORD_OF_TRANSFER
from stock_service.domain.transfers import Transfer


class TransferLineOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """A product of a transfer, in units: `expedie` = `recu` - `ecart` + `en_transit`."""

    product_id: int
    quantity: int
    shipped: int
    received: int
    difference: Annotated[
        int, msgspec.Meta(description="What arrived less what was expected: negative if missing")
    ]
    in_transit: int


class TransferOut(msgspec.Struct, frozen=True, rename=FRENCH | {"id": "transfert_id"}):
    """A transfer between two stores."""

    id: UUID
    number: int
    reference: str | None
    from_store_id: int
    to_store_id: int
    status: str
    lines: list[TransferLineOut]
    created_at: Instant
    created_by: str | None
    shipped_at: Instant | None
    shipped_by: str | None
    closed_at: Annotated[
        Instant | None, msgspec.Meta(description="When all had arrived, or it was cancelled")
    ]
    closed_by: str | None
    difference_reason: str | None

    @classmethod
    def of(cls, transfer: Transfer) -> Self:
        return cls(
            id=transfer.id,
            number=transfer.number,
            reference=transfer.reference,
            from_store_id=transfer.from_store_id,
            to_store_id=transfer.to_store_id,
            status=WORD_OF_TRANSFER[transfer.status],
            lines=[
                TransferLineOut(
                    *(line.product_id, line.quantity, line.shipped, line.received),
                    *(line.difference, line.in_transit),
                )
                for line in transfer.lines
            ],
            created_at=_known(transfer.created_at),
            created_by=transfer.created_by,
            shipped_at=transfer.shipped_at,
            shipped_by=transfer.shipped_by,
            closed_at=transfer.closed_at,
            closed_by=transfer.closed_by,
            difference_reason=transfer.difference_reason,
        )


def _known(instant: datetime | None) -> datetime:
    # Only a draft that is not written yet has none.
    assert instant is not None
    return instant


@stage(Stage.SERIALISATION)
def encode_transfer(transfer: Transfer) -> bytes:
    """Return a transfer as JSON."""
    return msgspec.json.encode(TransferOut.of(transfer))


@stage(Stage.SERIALISATION)
def encode_transfers(page: Sequence[Transfer]) -> bytes:
    """Return a page of transfers as JSON."""
    return msgspec.json.encode([TransferOut.of(transfer) for transfer in page])
