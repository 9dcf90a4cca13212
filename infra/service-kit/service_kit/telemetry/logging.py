"""JSON log lines on stderr, each with the trace it belongs to."""

import logging
import logging.config

from opentelemetry import trace


class TraceIdFilter(logging.Filter):
    """Adds `trace_id` and `span_id` of the active span to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            record.trace_id = trace.format_trace_id(context.trace_id)
            record.span_id = trace.format_span_id(context.span_id)
        return True


class RepeatFilter(logging.Filter):
    """Lets a message of aiokafka pass every ten seconds; it retries and logs many times in one."""

    def __init__(self, every_seconds: float = 10.0) -> None:
        super().__init__()
        self._every_seconds = every_seconds
        self._passed: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("aiokafka"):
            return True
        # By the template, not the text: messages that differ only in values are one message.
        message = (record.name, record.msg)
        if record.created - self._passed.get(message, 0.0) < self._every_seconds:
            return False
        self._passed[message] = record.created
        return True


def configure_logging(service_name: str, level: str) -> None:
    """Make every logger of the process, uvicorn's and aiokafka's included, write JSON lines."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"trace": {"()": TraceIdFilter}, "repeats": {"()": RepeatFilter}},
            "formatters": {
                "json": {
                    "()": "pythonjsonlogger.json.JsonFormatter",
                    "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
                    "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
                    "static_fields": {"service": service_name},
                }
            },
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": "json",
                    "filters": ["repeats", "trace"],
                }
            },
            "root": {"level": level, "handlers": ["stderr"]},
            "loggers": {
                # uvicorn brings handlers of its own, which would print a second, plain line.
                "uvicorn": {"handlers": [], "propagate": True},
                "uvicorn.error": {"handlers": [], "propagate": True},
                # Logs every rebalance and metadata refresh at INFO.
                "aiokafka": {"level": "WARNING"},
            },
        }
    )
