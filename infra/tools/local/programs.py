"""The programs under supervisord: PostgreSQL, Kafka, the services, Prometheus, Jaeger, NGINX."""

import os
import sys

from infra.tools.local import kafka, nginx, postgresql
from infra.tools.local.layout import SERVICES, Layout, process_of
from infra.tools.local.observability import list_backend_programs, traces_environment
from infra.tools.local.supervisor import Program

INFRASTRUCTURE = ("postgresql", "kafka")
# Every stack has one instance of each; `Layout.processes` lists further ones too.
PROCESSES = tuple(f"{service}-{kind}" for service in SERVICES for kind in ("api", "worker"))
MODULES = {"api": "main", "worker": "worker"}


def list_programs(layout: Layout, jars: str) -> list[Program]:
    """Return all programs of the stack; services stop first, then Kafka, then PostgreSQL."""
    # SIGINT: a fast shutdown, which does not wait for clients to leave.
    database = Program("postgresql", postgresql.command(layout), 1, stop_signal="INT")
    broker = Program("kafka", kafka.command(layout, jars), 2)
    return [
        database,
        broker,
        *list_backend_programs(layout),
        *(_process(layout, name) for name in layout.processes),
        *nginx.list_programs(layout),
    ]


def _process(layout: Layout, name: str) -> Program:
    service, kind = process_of(name).split("-")
    environment = {
        "DATABASE_URL": layout.database_url(service),
        "KAFKA_BOOTSTRAP_SERVERS": layout.kafka_bootstrap_servers,
        "WORKER_INSTANCE": name,
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": str(layout.ports[name]),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "INFO"),
        "CORS_ORIGINS": os.environ.get("CORS_ORIGINS", "loopback"),
        **traces_environment(layout),
    }
    command = [sys.executable, "-m", f"{service}_service.{MODULES[kind]}"]
    return Program(name, command, 10, environment)
