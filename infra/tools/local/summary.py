"""The last lines of `make up`."""

from collections.abc import Iterator

from infra.tools.local import board, nginx, observability
from infra.tools.local.fetch import NO_NGINX
from infra.tools.local.layout import Layout
from infra.tools.local.programs import INFRASTRUCTURE

TRY = """
Try:
  curl -s -H "x-token: $(make -s token ROLE=head-office)" {sales}/api/magasins/
  curl -s -H "x-token: $(make -s token ROLE=till STORE=1)" -H 'content-type: application/json' \\
       -d '{{"magasin_id": 1, "panier": [{{"produit_id": 1, "quantite": 2}}]}}' {sales}/api/ventes/
  curl -s -H "x-token: $(make -s token ROLE=head-office)" {report}/api/ventes/rapport"""
SALES = "#/endpoint-breakdown?var-handler=/api/ventes/"
TRAFFIC = "make load SCENARIO=soak DURATION=60s"
PATHS = {
    "api": "/docs /metrics /health/ready",
    "worker": "/metrics /health/ready",
    "nginx": "/docs: one page for the three APIs; /api/… of all of them",
}


def print_addresses(layout: Layout) -> None:
    """Print every address that shows something, what is not installed, and requests to try."""
    print()
    balancer = [name for name in nginx.PORTS if name in layout.ports]
    for name in (*balancer, *layout.processes, *INFRASTRUCTURE):
        address = f"127.0.0.1:{layout.ports[name]}"
        shown = address if name in INFRASTRUCTURE else f"http://{address}"
        kind = name.split("-")[1] if name in layout.processes else name
        print(f"  {name:15} {shown:24} {PATHS.get(kind, '')}".rstrip())
    if not balancer:
        print(f"\n  There is no NGINX in front of the APIs: {NO_NGINX}, make up starts it")
    print(TRY.format(sales=layout.public_url("sales"), report=layout.public_url("report")))
    print("\nSee:")
    for line in _views(layout):
        print(f"  {line}")


def _views(layout: Layout) -> Iterator[str]:
    """Yield a line for each page to look at, and for what is missing."""
    backends = observability.list_backends(layout)
    if board.is_served(layout):
        address = f"{layout.url('prometheus')}{board.PATH}"
        yield f"{address} the board: golden signals, processes, slow requests and their traces"
        yield f"{address}{SALES} the breakdown of a sale; a diamond opens a trace"
        yield f"Both are empty without requests: {TRAFFIC} sends some, and lines begin 10 s later"
    if "prometheus" in backends:
        yield f"{layout.url('prometheus')}{'/':7} Prometheus: expressions, targets, alerts"
    if "jaeger" in backends and observability.has_interface(layout.url("jaeger")):
        yield f"{layout.url('jaeger')}{'/':7} Jaeger: search, traces, the graph of processes"
    elif "jaeger" in backends:
        yield (
            "Jaeger has no page of its own, because Go built it: the board shows its traces. "
            "An official jaeger on the PATH has one."
        )
    if missing := observability.list_missing():
        yield f"Not installed: {', '.join(missing)}. make observability installs, make up starts it"
