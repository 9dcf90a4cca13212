"""Prometheus serves the board with Docker, from the same files as `make up`."""

import json
import re

from infra.tools.local import board, charts
from tests.deploy.compose.stack import INFRA, ROOT, SERVICES, mounts, read_yaml

[FOLDER] = [
    option.partition("=")[2]
    for option in SERVICES["prometheus"]["command"]
    if option.startswith("--web.user-assets=")
]


def test_the_page_stands_beside_the_dashboards_and_the_charts() -> None:
    mounted = {
        target.removeprefix(f"{FOLDER}/"): source
        for name, source, target in mounts()
        if name == "prometheus" and target.startswith(FOLDER)
    }

    assert mounted == {
        "index.html": board.SOURCE / "index.html",
        "settings.json": board.SOURCE / "settings.json",
        "page": board.SOURCE / "page",
        "dashboards": board.DASHBOARDS,
        "docs/runbooks": ROOT / "docs/runbooks",
    }
    assert f"charts:{FOLDER}/uplot:ro" in SERVICES["prometheus"]["volumes"]


def test_the_image_of_the_charts_has_their_version() -> None:
    assert SERVICES["charts"]["image"] == f"comptoir-charts:{charts.VERSION}"
    dockerfile = (ROOT / SERVICES["charts"]["build"]["dockerfile"]).read_text()
    assert "COPY infra/tools/local/charts.py" in dockerfile


def test_the_page_finds_jaeger_and_jaeger_allows_its_origin() -> None:
    jaeger = json.loads((board.SOURCE / "settings.json").read_text())["jaeger"]
    assert f"{jaeger.removeprefix('http://')}:16686" in SERVICES["jaeger"]["ports"]

    query = read_yaml(INFRA / "jaeger/config.yaml")["extensions"]["jaeger_query"]
    allowed = [
        re.sub(r"\$\{env:\w+:-(\w+)\}", r"\1", each)
        for each in query["http"]["cors"]["allowed_origins"]
    ]
    assert allowed == ["http://127.0.0.1:9090", "http://localhost:9090"]
