"""NGINX sends every path of the contracts to the service that promises it, and no other path."""

import json
import re
from collections.abc import Iterator

import pytest

from sales_service.api.sales import LONGEST_WAIT_SECONDS
from service_kit.http.problems import PROBLEMS
from service_kit.http.serving import LEAVE_SECONDS
from service_kit.settings import ServiceSettings
from stock_service.api import movement_lots
from tests.deploy.compose.stack import INFRA, PROCESSES, ROOT

NGINX = (INFRA / "nginx/nginx.conf").read_text()
UPSTREAMS = (INFRA / "nginx/upstreams.conf").read_text()


def entries(source: str, variable: str) -> list[tuple[str, str]]:
    """Return the lines of `map source variable { key value; … }`."""
    block = NGINX.partition(f"map ${source} ${variable} {{")[2].partition("\n    }")[0]
    return re.findall(r'^\s+(\S+)\s+"?(.+?)"?;$', block, re.MULTILINE)


def upstream_of(path: str) -> str | None:
    """Return the service of a path as nginx chooses it: by the first expression that matches."""
    for expression, upstream in entries("uri", "service"):
        if re.search(expression.removeprefix("~"), path):
            return upstream
    return None


def promised_paths() -> Iterator[tuple[str, str]]:
    for contract in sorted((ROOT / "infra/contracts/openapi").glob("*.json")):
        for path in json.loads(contract.read_text())["paths"]:
            yield f"{contract.stem}-api", re.sub(r"\{\w+\}", "7", path)


@pytest.mark.parametrize(("upstream", "path"), list(promised_paths()))
def test_each_path_of_the_contracts_reaches_its_service(upstream: str, path: str) -> None:
    assert upstream_of(path) == upstream
    assert path.startswith("/api/")


def test_a_sale_is_read_by_its_identifier() -> None:
    assert upstream_of("/api/ventes/01a20980-9467-7506-8999-4315095bb195") == "sales-api"


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/metrics", "/health/ready", "/health/live", "/docs", "/openapi.json"),
        *("/api/metrics", "/api/ventesx", "/api/magasin", "/apix/ventes/", "/x/api/ventes/"),
    ],
)
def test_no_other_path_reaches_a_service(path: str) -> None:
    assert upstream_of(path) is None


@pytest.mark.parametrize("service", ["sales", "stock", "report"])
def test_the_page_of_an_api_is_reached_and_nothing_else_of_it(service: str) -> None:
    [expression] = re.findall(r"location ~ (\S*docs\S*) \{", NGINX)
    below = re.compile(expression.replace("(?<", "(?P<"))

    for shown in ("/docs", "/docs/files/swagger-ui.css", "/openapi.json"):
        assert (found := below.match(f"/docs/{service}{shown}")), shown
        assert (found["api"], found["shown"]) == (service, shown)
    for hidden in ("/metrics", "/health/ready", "/docs/files/../../metrics", "/docs/x", "/api/x"):
        assert below.match(f"/docs/{service}{hidden}") is None


def test_the_page_of_all_apis_finds_what_it_names() -> None:
    page = (INFRA / "nginx/docs.html").read_text()
    [expression] = re.findall(r"location ~ (\S*docs\S*) \{", NGINX)
    named = re.findall(r"\"(docs/[^\"]+)\"", page)

    assert {path.split("/")[1] for path in named} == {"sales", "stock", "report"}
    # Relative to the page at /docs.
    for path in named:
        assert re.match(expression.replace("(?<", "(?P<"), f"/{path}"), path
    assert "/etc/comptoir/docs.html;" in NGINX


def test_the_upstreams_are_the_apis_at_their_ports() -> None:
    servers = re.findall(r"upstream (\S+) \{.*?server (\S+):(\d+) resolve", UPSTREAMS, re.DOTALL)

    assert {name: (host, int(port)) for name, host, port in servers} == {
        name: (name, port) for name, port in PROCESSES.items() if name.endswith("-api")
    }


def test_nginx_takes_the_bodies_that_the_services_take() -> None:
    bounds = [int(each) * 1024 * 1024 for each in re.findall(r"max_body_size (\d+)m;", NGINX)]

    usual = ServiceSettings.model_fields["max_body_bytes"].default
    assert bounds == [usual, movement_lots.BODY_BOUNDS.most_bytes]


def test_every_error_of_nginx_has_a_code_a_title_and_a_detail() -> None:
    answered = {
        status
        for statuses in re.findall(r"error_page (.+) /problem;", NGINX)
        for status in re.findall(r"\b(?!494)\d{3}\b", statuses)
    }

    assert answered >= {"404", "413", "502", "503", "504"}
    for variable in ("problem_code", "problem_title", "problem_detail"):
        assert {key for key, _ in entries("status", variable)} == answered


@pytest.mark.parametrize(
    "name", ["unknown-route", "method-refused", "body-too-large", "too-many-requests"]
)
def test_the_same_error_has_the_same_code_in_nginx_and_in_the_services(name: str) -> None:
    codes = dict(entries("status", "problem_code"))

    assert codes[str(PROBLEMS[name]["status"])] == PROBLEMS[name]["code"]


def test_nginx_outwaits_the_longest_wait_for_a_sale() -> None:
    (seconds,) = re.findall(r"proxy_read_timeout (\d+)s;", NGINX)

    assert int(seconds) > LONGEST_WAIT_SECONDS


def test_nginx_hangs_up_before_a_service_that_ends_does() -> None:
    kept = {float(seconds) for seconds in re.findall(r"keepalive_timeout (\d+)s;", UPSTREAMS)}

    assert kept
    assert max(kept) < LEAVE_SECONDS
