"""Generates malformed records from the events of our contracts."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

CONTRACTS = Path(__file__).resolve().parents[3] / "infra/contracts"
TOPIC_OF = {
    **{"sale": "sales.events.v1", "leve": "sales.events.v1"},
    **dict.fromkeys(("stoc", "move", "rese"), "stock.events.v1"),
}
PREFIX_OF = {
    "sales.events.v1": "sales",
    "stock.events.v1": "stock",
    "catalogue.events.v1": "catalogue",
}

Headers = list[tuple[str, bytes | None]]

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**80), 2**80),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
    st.sampled_from(["", "\x00", "9" * 400, "2026-02-30", "0001-01-01", "not-a-uuid"]),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=4)


def _examples() -> list[tuple[str, str, dict[str, Any]]]:
    found = []
    for path in sorted((CONTRACTS / "examples").glob("*/*.json")):
        name = path.parent.name
        topic = TOPIC_OF.get(name[:4], "catalogue.events.v1")
        if name.startswith(("store-", "product-")):
            topic = "catalogue.events.v1"
        found.append((topic, f"{PREFIX_OF[topic]}.{name}", json.loads(path.read_text())))
    return found


EXAMPLES = _examples()


@st.composite
def bent_events(draw: st.DrawFn) -> tuple[str, Headers, bytes | None]:
    """Generate a topic, headers and a value: an event with one to three wrong fields."""
    topic, event_type, body = draw(st.sampled_from(EXAMPLES))
    body = json.loads(json.dumps(body))
    for _ in range(draw(st.integers(1, 3))):
        _bend(draw, body)
    value = json.dumps(body).encode()
    if draw(st.integers(0, 9)) == 0:
        value = value[: draw(st.integers(0, len(value)))]
    return topic, draw(headers_of(event_type)), value


def _bend(draw: st.DrawFn, body: dict[str, Any]) -> None:
    part: Any = body
    nested = [each for each in body.values() if isinstance(each, list) and each]
    goes_into_a_list: bool = draw(st.booleans())
    if nested and goes_into_a_list:
        part = draw(st.sampled_from(nested))[0]
    if not isinstance(part, dict) or not part:
        return
    field = draw(st.sampled_from(sorted(part)))
    if draw(st.integers(0, 3)) == 0:
        del part[field]
    else:
        part[field] = draw(VALUES)


@st.composite
def headers_of(draw: st.DrawFn, event_type: str) -> Headers:
    """Generate CloudEvents headers, some missing, doubled, null, or of any bytes."""
    headers: Headers = [
        ("ce_id", str(draw(st.uuids())).encode()),
        ("ce_type", event_type.encode()),
        ("ce_time", b"2026-11-23T10:00:00+00:00"),
        ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"),
        ("ce_actor", b"store-1/till"),
    ]
    what = draw(st.integers(0, 7))
    chosen = draw(st.integers(0, len(headers) - 1))
    if what == 0:
        del headers[chosen]
    elif what == 1:
        headers[chosen] = (headers[chosen][0], draw(st.binary(max_size=60)))
    elif what == 2:
        headers.append(headers[chosen])
    elif what == 3:
        headers[chosen] = (headers[chosen][0], None)
    elif what == 4:
        headers.append((draw(st.text(max_size=20)), draw(st.sampled_from([None, b"\\u0000"]))))
    return headers


@st.composite
def garbage(draw: st.DrawFn) -> tuple[str, Headers, bytes | None]:
    """Generate any bytes, with the headers of an event or without."""
    topic, event_type, _ = draw(st.sampled_from(EXAMPLES))
    value = draw(
        st.one_of(
            st.none(),
            st.binary(max_size=200),
            st.just(b"[" * 100_000),
            st.just(b'{"a":"' + b"x" * 890_000 + b'"}'),
            st.sampled_from([b"{}", b"[]", b"null", b'"\\ud800"', b"1e999"]),
        )
    )
    return topic, draw(st.one_of(st.just([]), headers_of(event_type))), value


RECORDS = st.one_of(bent_events(), bent_events(), bent_events(), garbage())
