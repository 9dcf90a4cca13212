"""Reads a whole report in one statement, because figures of one snapshot agree with each other.

The statement returns one JSON document, which msgspec decodes into the types of `report_rows`.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.events.topics import SALES_TOPIC

Report = TypeVar("Report", bound=msgspec.Struct)

_FRESHNESS = f"""
    SELECT now() AS computed_at,
        (SELECT complete_until FROM freshness WHERE topic = '{SALES_TOPIC}') AS complete_until
"""


def document_of(**lists: str) -> TextClause:
    """Return a statement whose result is one JSON object: a member per query, and the freshness."""
    members = [
        f"'{name}', (SELECT coalesce(json_agg(r), '[]') FROM ({query}) AS r)"
        for name, query in lists.items()
    ]
    members.append(f"'freshness', (SELECT row_to_json(r) FROM ({_FRESHNESS}) AS r)")
    return text(f"SELECT CAST(json_build_object({', '.join(members)}) AS text)")


async def read_document(
    session: AsyncSession, statement: TextClause, parameters: Mapping[str, Any], kind: type[Report]
) -> Report:
    """Run a statement of `document_of` and return the report."""
    document: str = (await session.execute(statement, parameters)).scalar_one()
    return msgspec.json.decode(document, type=kind)
