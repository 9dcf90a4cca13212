"""The last lines of `make up`."""

from infra.tools.local import nginx, observability
from infra.tools.local.fetch import MISSING, NO_NGINX
from infra.tools.local.layout import Layout
from infra.tools.local.programs import INFRASTRUCTURE

TRY = """
Try:
  curl -s -H "x-token: $(make -s token ROLE=head-office)" {sales}/api/magasins/
  curl -s -H "x-token: $(make -s token ROLE=till)" -H 'content-type: application/json' \\
       -d '{{"magasin_id": 1, "panier": [{{"produit_id": 1, "quantite": 2}}]}}' {sales}/api/ventes/
  curl -s -H "x-token: $(make -s token ROLE=head-office)" {report}/api/ventes/rapport
"""


def print_addresses(layout: Layout) -> None:
    """Print every address, the tools that are not installed, and three requests to try."""
    print()
    listed = observability.list_watchers(layout)
    balancer = [name for name in nginx.PORTS if name in layout.ports]
    for name in (*balancer, *layout.processes, *INFRASTRUCTURE, *listed):
        address = f"127.0.0.1:{layout.ports[name]}"
        shown = address if name in INFRASTRUCTURE else f"http://{address}"
        paths = {
            "api": "/docs /metrics /health/ready",
            "worker": "/metrics /health/ready",
            "nginx": "/api/… of all three services",
        }
        kind = name.split("-")[1] if name in layout.processes else name
        print(f"  {name:15} {shown:24} {paths.get(kind, '')}".rstrip())
    if not balancer:
        print(f"\n  There is no NGINX in front of the APIs: {NO_NGINX}")
    if len(listed) < len(observability.WATCHERS):
        print(f"\n  Metrics and traces are not all stored: {MISSING}")
    print(TRY.format(sales=layout.public_url("sales"), report=layout.public_url("report")))
