"""Requests about API keys, and answers: French JSON outside, English inside."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self

import msgspec
from fastapi import Path
from pydantic import AwareDatetime, BaseModel, Field
from pydantic.types import StringConstraints

from sales_service.api.schemas import CURSOR_HINT, FRENCH_ONLY, Identifier, with_example
from sales_service.api.words import FRENCH
from service_kit.events.key_changes import ListedKey
from service_kit.http.api_keys import MOST_SITES
from service_kit.http.dates import WrittenInstant

NAME = "^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$"
MOST_OVERLAP_HOURS = 30 * 24

Role = Literal["till", "manager", "head-office", "logistics", "read-only"]
RightName = Literal["backdate", "price-override", "return-without-receipt", "see-costs"]
# Beyond these a time zone could move an instant out of what PostgreSQL and Python both know.
Expiry = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(3000, 1, 1, tzinfo=UTC)),
    WrittenInstant,
]
# A key that a start or a command has stored may have another name, and can be revoked, too.
PathName = Annotated[
    str, Path(min_length=1, max_length=100, pattern="^[^\\x00]*$", examples=["caisse-1"])
]
PathRole = Annotated[Role, Path(examples=["till"])]


class KeysQuery(BaseModel):
    """A page of the list of keys."""

    model_config = FRENCH_ONLY

    limit: Annotated[int, Field(ge=1, le=1000)] = 500
    cursor: Annotated[
        str, Field(max_length=300, pattern="^[^\\x00]*$", description=CURSOR_HINT)
    ] = ""


class KeyIn(BaseModel):
    """A new key. Without `magasins` it reaches all stores; without `expire_le` it never expires."""

    model_config = with_example({"nom": "caisse-1", "role": "till", "magasins": [1]})

    name: Annotated[str, StringConstraints(pattern=NAME)]
    role: Role
    stores: Annotated[list[Identifier], Field(min_length=1, max_length=MOST_SITES)] | None = None
    rights: Annotated[list[RightName], Field(max_length=10)] = []
    expires_at: Expiry | None = None


class KeyChange(BaseModel):
    """When a key expires; null: never."""

    model_config = with_example({"expire_le": "2099-12-31T00:00:00Z"})

    expires_at: Expiry | None


class RotationIn(BaseModel):
    """For how long the present secret stays valid beside the new one; 0: not at all."""

    model_config = with_example({"chevauchement_heures": 24})

    overlap_hours: Annotated[float, Field(ge=0, le=MOST_OVERLAP_HOURS, allow_inf_nan=False)] = 24

    @property
    def overlap(self) -> timedelta:
        return timedelta(hours=self.overlap_hours)


Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class KeyOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """A key without its secret."""

    name: str
    role: str
    stores: Annotated[Sequence[int] | None, msgspec.Meta(description="null: all")]
    rights: Sequence[str]
    version: int
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None
    last_used_at: Annotated[
        Instant | None,
        msgspec.Meta(description="The last request to the sales service, to the minute"),
    ]
    former_until: Annotated[
        list[Instant],
        msgspec.Meta(description="Until when each replaced secret is valid; past ones may remain"),
    ]

    @classmethod
    def of(cls, key: ListedKey, *more: str) -> Self:
        name, _, role = key.client_id.rpartition("/")
        return cls(
            name,
            role,
            key.sites,
            key.rights,
            key.version,
            key.created_at,
            key.expires_at,
            key.revoked_at,
            key.last_used_at,
            [former.valid_until for former in key.former_secrets],
            *more,
        )


class MadeKeyOut(KeyOut, frozen=True, rename=FRENCH):
    """A key with its new secret, which is not shown again."""

    secret: str
