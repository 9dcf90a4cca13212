"""The spans of messages that are sent or processed together."""

from collections.abc import Iterable, Mapping

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode

from service_kit.events.cloud_events import PoisonMessage
from service_kit.telemetry.tracing import batch_attributes, sampled_context_of

Attributes = Mapping[str, str | int | float]


class MessageSpans:
    """One span for each sampled message, in the trace of the request that caused the message.

    When there are several, one more span stands for all of them and is linked to each: it holds
    the statements and requests that they share.
    """

    def __init__(
        self,
        tracer: trace.Tracer,
        kind: SpanKind,
        attributes: Attributes,
        traceparents: Iterable[str | None],
        keep_ratio: float,
    ) -> None:
        self._tracer = tracer
        self._kind = kind
        self._attributes = {"messaging.system": "kafka", **attributes}
        self._keep_ratio = keep_ratio
        self._spans: list[Span] = []
        self._links: list[Link] = []
        self.contexts = [sampled_context_of(each) for each in traceparents]
        """The trace context of each message; None for a message that is not sampled."""

    def start_shared(self, name: str) -> None:
        """Begin the span of all messages, unless fewer than two are sampled."""
        parents = [
            trace.get_current_span(context).get_span_context()
            for context in self.contexts
            if context is not None
        ]
        if len(parents) > 1:
            self._links = [Link(each) for each in parents]
            size = batch_attributes(len(self.contexts), parents, self._keep_ratio)
            shared = self.start(name, None, size)
            self._links = [Link(shared.get_span_context())]

    def start(self, name: str, context: Context | None, attributes: Attributes) -> Span:
        """Begin and return a span; `end` ends it."""
        span = self._tracer.start_span(
            name,
            context=context,
            kind=self._kind,
            links=self._links,
            attributes={**self._attributes, **attributes},
        )
        self._spans.append(span)
        return span

    @property
    def first(self) -> Span | None:
        """Return the span of all messages, or of the only sampled one."""
        return self._spans[0] if self._spans else None

    def end(self, fault: BaseException | None = None) -> None:
        """End all spans; a `fault` has undone their work."""
        for span in self._spans:
            if fault is not None:
                kind = fault.kind if isinstance(fault, PoisonMessage) else type(fault).__name__
                span.set_attribute("error.type", kind)
                span.set_status(Status(StatusCode.ERROR, str(fault)))
            span.end()
