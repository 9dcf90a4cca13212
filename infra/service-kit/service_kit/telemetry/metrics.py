"""Metrics: one OpenTelemetry meter provider per process, read by Prometheus from `/metrics`."""

from dataclasses import dataclass

from fastapi.telemetry import TelemetryConfig
from opentelemetry import metrics
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import Meter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    exposition,
)

# FastAPI's own telemetry would record each request a second time, under other names.
NO_NATIVE_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


@dataclass(frozen=True, slots=True)
class Metrics:
    """The meter of a process, and the registry that `/metrics` renders."""

    registry: CollectorRegistry
    meter: Meter


def configure_metrics(service_name: str) -> Metrics:
    """Set the global meter provider, for the instruments that modules make.

    `process_cpu_seconds_total` comes from prometheus_client's own collector, which the
    registry gets beside the OpenTelemetry reader.
    """
    # The exporter would add a series to each histogram that no query uses.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    # Scope labels would stand on every series, and the seed's PromQL does not expect them.
    reader = PrometheusMetricReader(registry=registry, scope_info_enabled=False)
    resource = Resource.create({"service.name": service_name})
    provider = MeterProvider(metric_readers=[reader], resource=resource)
    metrics.set_meter_provider(provider)
    return Metrics(registry, provider.get_meter("service_kit"))


def render_metrics(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """Return the metrics in the format that the scraper prefers, and the format's media type.

    Only OpenMetrics carries exemplars.
    """
    render, content_type = exposition.choose_encoder(accept)
    return render(registry), content_type
