"""Metrics: one OpenTelemetry meter provider per process, read by Prometheus from `/metrics`."""

from fastapi.telemetry import TelemetryConfig
from opentelemetry import metrics
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

# FastAPI's own telemetry would record each request a second time, under other names.
NO_NATIVE_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}

METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# From a cached read to a request that waited for everything: 1 ms to 10 s.
DURATION_BUCKETS_SECONDS = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)


def configure_metrics(service_name: str) -> CollectorRegistry:
    """Set the global meter provider and return the registry that `/metrics` renders.

    `process_cpu_seconds_total` comes from prometheus_client's own collector, which the
    registry gets beside the OpenTelemetry reader.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    # Scope labels would stand on every series, and the seed's PromQL does not expect them.
    reader = PrometheusMetricReader(registry=registry, scope_info_enabled=False)
    resource = Resource.create({"service.name": service_name})
    metrics.set_meter_provider(MeterProvider(metric_readers=[reader], resource=resource))
    return registry


def render_metrics(registry: CollectorRegistry) -> bytes:
    """The registry in Prometheus' text format."""
    return generate_latest(registry)
