"""Prometheus and Jaeger beside the stack, where they are installed; both are optional."""

import os
from pathlib import Path
from typing import Any

import httpx
import yaml

from infra.tools.local import board, fetch
from infra.tools.local.layout import ROOT, Layout, StackError
from infra.tools.local.supervisor import Program

# Each listens on the port of its own name; `PORTS` has Jaeger's other ports too.
BACKENDS = ("prometheus", "jaeger")
PORTS = {
    "prometheus": 9090,
    "jaeger": 16686,
    "jaeger-otlp": 4318,
    "jaeger-metrics": 8888,
    "jaeger-spans": 8889,
}
# The observed processes get the cores first.
WHEN_IDLE = ("nice", "-n", "10")
# A path that answers 200 once the program is ready.
READY_PATHS = {"prometheus": "/-/ready", "jaeger": "/api/services"}


def installed_ports() -> dict[str, int]:
    """Return the default ports of Prometheus and Jaeger, as far as they are installed."""
    return {
        name: port for name, port in PORTS.items() if fetch.find(name.partition("-")[0]) is not None
    }


def list_missing() -> list[str]:
    """Return what `make observability` would install."""
    return [name for name in fetch.OBSERVABILITY if fetch.TOOLS[name].find() is None]


def list_backends(layout: Layout) -> list[str]:
    """Return which of Prometheus and Jaeger the stack runs."""
    return [name for name in BACKENDS if name in layout.ports]


def list_backend_programs(layout: Layout) -> list[Program]:
    """Return the programs that the stack has ports for; they stop last."""
    programs = {"prometheus": _prometheus, "jaeger": _jaeger}
    return [programs[name](layout) for name in list_backends(layout)]


def traces_environment(layout: Layout) -> dict[str, str]:
    """Return the settings for sending spans; none without Jaeger."""
    if "jaeger" not in layout.ports:
        return {}
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{layout.ports['jaeger-otlp']}"}


def _prometheus(layout: Layout) -> Program:
    configuration = layout.state / "prometheus.yml"
    configuration.write_text(yaml.safe_dump(_scrape_here(layout), sort_keys=False))
    command = [
        *WHEN_IDLE,
        _path("prometheus"),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={layout.state / 'prometheus'}",
        "--storage.tsdb.retention.size=1GB",
        f"--web.listen-address=127.0.0.1:{layout.ports['prometheus']}",
        "--enable-feature=exemplar-storage",
        # k6 sends its metrics here (`make load`).
        "--web.enable-remote-write-receiver",
        "--log.level=warn",
    ]
    if (page := board.lay_out(layout)) is not None:
        command.append(f"--web.user-assets={page}")
    if not fetch.has_own_pages() and (pages := fetch.find_pages()) is not None:
        command.append(f"--web.local-assets={pages}")
    return Program("prometheus", command, 1)


def _scrape_here(layout: Layout) -> dict[str, Any]:
    """Return Docker's configuration with this stack's addresses and the same job names.

    Each instance of a process is a target of its job.
    """
    source = ROOT / "infra/deploy/prometheus"
    configuration: dict[str, Any] = yaml.safe_load((source / "prometheus.yml").read_text())
    configuration["rule_files"] = [str(source / each) for each in configuration["rule_files"]]
    ports = dict(layout.ports) | {"jaeger": layout.ports.get("jaeger-metrics", 0)}
    jobs = [job["job_name"] for job in configuration["scrape_configs"]]
    configuration["scrape_configs"] = [
        {
            "job_name": job,
            "static_configs": [
                {"targets": [f"127.0.0.1:{ports[n]}" for n in layout.instances(job) or [job]]}
            ],
        }
        for job in jobs
        if ports.get(job)
    ]
    return configuration


def _jaeger(layout: Layout) -> Program:
    ports = layout.ports
    prometheus_port = str(ports.get("prometheus", PORTS["prometheus"]))
    environment = {
        "JAEGER_QUERY_PORT": str(ports["jaeger"]),
        "JAEGER_OTLP_PORT": str(ports["jaeger-otlp"]),
        "JAEGER_METRICS_PORT": str(ports["jaeger-metrics"]),
        "JAEGER_SPANS_PORT": str(ports["jaeger-spans"]),
        # No client uses it: any free port will do.
        "JAEGER_QUERY_GRPC_PORT": "0",
        "JAEGER_HEALTH_PORT": "0",
        "JAEGER_LOG_LEVEL": "warn",
        "JAEGER_UI_ASSETS": _interface(),
        # Leaves the cores to the observed processes.
        "GOMAXPROCS": "1",
        "GOMEMLIMIT": "640MiB",
        "PROMETHEUS_PORT": prometheus_port,
        "PROMETHEUS_URL": f"http://127.0.0.1:{prometheus_port}",
    }
    command = [
        *WHEN_IDLE,
        _path("jaeger"),
        "--config",
        str(ROOT / "infra/deploy/jaeger/config.yaml"),
    ]
    return Program("jaeger", command, 1, environment)


def _interface() -> str:
    """Return the folder of `JAEGER_UI_ASSETS`; raises `StackError` when it holds no interface."""
    assets = os.environ.get("JAEGER_UI_ASSETS", "")
    if assets and not (Path(assets) / "index.html").is_file():
        raise StackError(f"JAEGER_UI_ASSETS={assets} has no index.html: build Jaeger's interface")
    return assets


def has_interface(jaeger_url: str) -> bool:
    """Tell whether a Jaeger has a page for people; the one that Go builds has a placeholder."""
    return "jaeger-ui-root" in httpx.get(f"{jaeger_url}/search").text


def _path(name: str) -> str:
    path = fetch.find(name)
    assert path is not None, f"{name} has a port in this stack and is gone: {fetch.MISSING}"
    return str(Path(path))
