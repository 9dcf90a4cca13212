"""Part `instances`: one instance of an API, then two.

k6 asks the instances in turn, without NGINX. The whole system and k6 share this machine, whose
cores bound what a second instance can bring.
"""

from infra.tools.local.layout import further_ports
from infra.tools.measure.bench import live
from infra.tools.measure.bench.comparing import RATE, Target, compare
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.bench.load import PERMISSIVE, Request, get, sales
from infra.tools.measure.bench.reads import LARGE_STOCK, REPORT
from infra.tools.measure.tables import Row, Tables

# The lab needs these ports beside its own.
PORTS = further_ports(apis=2, workers=1)


async def measure_instances(lab: Lab, effort: Effort) -> Tables:
    """Ask one instance and two in turn."""
    await live.start(lab)
    requests = _list_requests(lab)
    targets = {
        (name, instances): Target(
            f"{name}, {instances}",
            [each for turn in zip(*found[:instances], strict=True) for each in turn],
            dict,
            201 if "sale of" in name else 200,
        )
        for name, found in requests.items()
        for instances in (1, 2)
    }
    figures = await compare(effort, list(targets.values()))
    rows: list[Row] = []
    for name in requests:
        one, two = (figures[targets[name, instances]][RATE] for instances in (1, 2))
        rows.append({RATE: name, "one": one, "two": two, "two ÷ one": two / one})
    return {"rates": rows}


def _list_requests(lab: Lab) -> dict[str, list[list[Request]]]:
    """Return each question's requests to the first instance, and to the second."""

    def urls(process: str) -> list[str]:
        return [lab.layout.url(each) for each in lab.layout.instances(process)]

    head_office, till = lab.layout.secrets["head-office"], lab.layout.secrets["till"]
    return {
        "sales report": [[get(url + REPORT, head_office)] for url in urls("report-api")],
        "stock of a store": [[get(url + LARGE_STOCK, till)] for url in urls("stock-api")],
        "sale of three lines": [
            sales(f"{url}/api/ventes/", till, PERMISSIVE) for url in urls("sales-api")
        ],
    }
