"""Brings all text of a request into one form (Unicode's NFC) before anything reads it.

A letter with an accent has two forms: one character, or the letter and the accent. Without this,
the same name from two keyboards would be two names.
"""

import json
import re
from typing import Any, Final
from unicodedata import combining, normalize
from urllib.parse import parse_qsl, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORM: Final = "NFC"
# Normalising sorts the accents behind a letter. Python's time for it grows with the square of
# their number: half a million would stop the process for minutes. UAX #15's stream-safe format
# has at most 30 of them, and no language needs as many.
MOST_ACCENTS = 30
_MAY_BE_ACCENTS = re.compile(f"[\u0300-\U0010ffff]{{{MOST_ACCENTS + 1}}}")
# A byte beyond ASCII, escaped or not.
_FOREIGN_IN_QUERY = re.compile(rb"%[89A-Fa-f]|[\x80-\xff]")


class NormalText:
    """Normalises path, query and JSON body, so no route and no schema has to.

    Text in ASCII has one form only: most requests cost no more than the look at their bytes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["path"] = normalize_text(scope["path"])
        scope["query_string"] = normalize_query(scope["query_string"])
        # A GET receives only the client's disconnect.
        has_body = scope["method"] != "GET"
        await self.app(scope, _normalize_received(receive) if has_body else receive, send)


def _normalize_received(receive: Receive) -> Receive:
    is_read = False

    async def receive_normal() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        parts = []
        while not is_read:
            message = await receive()
            if message["type"] != "http.request":
                return message
            parts.append(message.get("body", b""))
            is_read = not message.get("more_body", False)
        return {"type": "http.request", "body": normalize_body(b"".join(parts))}

    return receive_normal


def normalize_text(text: str) -> str:
    """Return the text in the normal form; as it is when a letter has more than `MOST_ACCENTS`."""
    if text.isascii() or (_MAY_BE_ACCENTS.search(text) and _has_too_many_accents(text)):
        return text
    return normalize(FORM, text)


def _has_too_many_accents(text: str) -> bool:
    accents = 0
    for character in text:
        accents = accents + 1 if combining(character) else 0
        if accents > MOST_ACCENTS:
            return True
    return False


def normalize_query(query: bytes) -> bytes:
    """Return a query string whose names and values are in the normal form."""
    if not _FOREIGN_IN_QUERY.search(query):
        return query
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    normal = [(normalize_text(name), normalize_text(value)) for name, value in pairs]
    return query if normal == pairs else urlencode(normal).encode()


def normalize_body(body: bytes) -> bytes:
    """Return a JSON document whose strings are in the normal form.

    A body in the normal form, and one that is no JSON, is returned byte for byte.
    """
    if body.isascii() and b"\\u" not in body:
        return body
    try:
        document = json.loads(body)
        normal = _normalize_strings(document)
    except (ValueError, RecursionError):
        return body  # The framework refuses it.
    return body if normal is document else json.dumps(normal).encode()


def _normalize_strings(node: Any) -> Any:
    """Return the node with normal strings; the node itself when they are normal already."""
    if isinstance(node, str):
        normal = normalize_text(node)
        return node if normal == node else normal
    if isinstance(node, list):
        items = [_normalize_strings(item) for item in node]
        is_changed = any(new is not old for new, old in zip(items, node, strict=True))
        return items if is_changed else node
    if isinstance(node, dict):
        members = {key: _normalize_strings(value) for key, value in node.items()}
        is_changed = any(members[key] is not node[key] for key in node)
        return members if is_changed else node
    return node
