"""Spans to a collector by OTLP/HTTP, for a fraction of what the SDK's own encoding costs.

The SDK's exporter makes objects of each attribute: for the span of one request that takes longer
than answering it from what lies ready. Here the bytes are put together directly. Sending, with
its retries and its bounds, stays the SDK's, and so does the encoding of whatever is rare.

Field numbers: opentelemetry-proto, `trace/v1/trace.proto` and `common/v1/common.proto`; their
encoding: https://protobuf.dev/programming-guides/encoding/.
"""

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import INVALID_SPAN_CONTEXT, SpanContext, SpanKind, StatusCode

_DOUBLE = Struct("<d").pack
_FIXED_32 = Struct("<I").pack
# Fields 7 and 8: when the span began and when it ended.
_TIMES = Struct("<BQBQ").pack
_STARTED, _ENDED = 0x39, 0x41
_HAS_IS_REMOTE, _IS_REMOTE = 0x100, 0x200
_KINDS = {kind: bytes((0x30, kind.value + 1)) for kind in SpanKind}
# Field 15 with the code alone.
_STATUSES = {code: bytes((0x7A, 2, 0x18, code.value)) for code in StatusCode}
_MOST_KNOWN = 1024


class FastSpanExporter(OTLPSpanExporter):
    """The SDK's exporter with another encoding."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send the spans of one provider."""
        is_sent = self._client.export(encode(spans)).success
        return SpanExportResult.SUCCESS if is_sent else SpanExportResult.FAILURE


def encode(spans: Sequence[ReadableSpan]) -> bytes:
    """An `ExportTraceServiceRequest`; spans of one provider have one resource."""
    by_scope: dict[InstrumentationScope | None, list[ReadableSpan]] = {}
    for span in spans:
        by_scope.setdefault(span.instrumentation_scope, []).append(span)
    frames = _make_frames(spans[0].resource, list(by_scope))
    parts = []
    for frame, members in zip(frames.scope_spans, by_scope.values(), strict=True):
        del frame.spans[:]
        encoded = b"".join([_delimited(b"\x12", _encode_span(span)) for span in members])
        parts.append(_delimited(b"\x12", frame.SerializeToString() + encoded))
    del frames.scope_spans[:]
    return _delimited(b"\x0a", frames.SerializeToString() + b"".join(parts))


def _make_frames(
    resource: Resource, scopes: Sequence[InstrumentationScope | None]
) -> ResourceSpans:
    """What the SDK makes of a resource and of scopes, with a span in each that is nothing."""
    nothings = [
        ReadableSpan("", INVALID_SPAN_CONTEXT, resource=resource, instrumentation_scope=scope)
        for scope in scopes
    ]
    frames: ResourceSpans = encode_spans(nothings).resource_spans[0]
    return frames


def _encode_span(span: ReadableSpan) -> bytes:
    context, parent, attributes = span.context, span.parent, span.attributes or {}
    if _is_rare(span):
        return _encode_as_the_sdk_does(span)
    parts = [
        _encode_ids(context),
        _encode_name(span.name),
        _KINDS[span.kind],
        _TIMES(_STARTED, span.start_time, _ENDED, span.end_time),
    ]
    if parent is not None:
        parts.append(b"\x22\x08" + parent.span_id.to_bytes(8, "big"))
    for key, value in attributes.items():
        if isinstance(value, str):
            parts.append(_encode_text(key, value))
        elif isinstance(value, float):
            parts.append(_before_float(key) + _DOUBLE(value))
        elif isinstance(value, int):
            parts.append(_encode_whole(key, value))
        else:
            return _encode_as_the_sdk_does(span)
    for link in span.links:
        flags = b"\x35" + _encode_flags(link.context)
        parts.append(_delimited(b"\x6a", _encode_ids(link.context) + flags))
    parts.append(_STATUSES[span.status.status_code])
    parts.append(b"\x85\x01" + _encode_flags(parent))
    return b"".join(parts)


def _is_rare(span: ReadableSpan) -> bool:
    return bool(
        span.events
        or span.status.description
        or span.context.trace_state
        or span.dropped_attributes
        or span.dropped_links
        or any(link.attributes for link in span.links)
    )


def _encode_as_the_sdk_does(span: ReadableSpan) -> bytes:
    [resource] = encode_spans([span]).resource_spans
    return bytes(resource.scope_spans[0].spans[0].SerializeToString())


def _encode_ids(context: SpanContext) -> bytes:
    """Fields 1 and 2, of a span and of a link alike."""
    span_id = context.span_id.to_bytes(8, "big")
    return b"\x0a\x10" + context.trace_id.to_bytes(16, "big") + b"\x12\x08" + span_id


def _encode_flags(parent: SpanContext | None) -> bytes:
    return _FIXED_32(_HAS_IS_REMOTE | (_IS_REMOTE if parent and parent.is_remote else 0))


@lru_cache(_MOST_KNOWN)
def _encode_name(name: str) -> bytes:
    return _delimited(b"\x2a", name.encode(errors="replace"))


# Most values are seen again and again: methods, routes, statements.
@lru_cache(_MOST_KNOWN)
def _encode_text(key: str, value: str) -> bytes:
    return _encode_pair(key, _delimited(b"\x0a", value.encode(errors="replace")))


@lru_cache(_MOST_KNOWN, typed=True)
def _encode_whole(key: str, value: bool | int) -> bytes:
    if isinstance(value, bool):
        return _encode_pair(key, b"\x10\x01" if value else b"\x10\x00")
    return _encode_pair(key, b"\x18" + _varint(value & 0xFFFF_FFFF_FFFF_FFFF))


@lru_cache(_MOST_KNOWN)
def _before_float(key: str) -> bytes:
    return _encode_pair(key, b"\x21" + _DOUBLE(0.0))[:-8]


def _encode_pair(key: str, value: bytes) -> bytes:
    """Field 9 of a span: a `KeyValue` of a key and an `AnyValue`."""
    pair = _delimited(b"\x0a", key.encode(errors="replace")) + _delimited(b"\x12", value)
    return _delimited(b"\x4a", pair)


def _delimited(tag: bytes, content: bytes) -> bytes:
    return tag + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
