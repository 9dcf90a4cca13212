"""NGINX passes on all that the service and the client need."""

import asyncio
import json
import re
import secrets

from tests.fixtures.chain import Chain
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually


async def logged(system: RunningSystem, words: str) -> None:
    """Wait until NGINX has logged the words: it answers first and logs the request afterwards."""

    async def is_in_the_log() -> bool:
        return words in (system.stack.layout.logs / "nginx.log").read_text(errors="replace")

    await eventually(is_in_the_log, True)


async def test_the_trace_of_the_client_goes_through(balanced: Chain) -> None:
    trace_id, span_id = secrets.token_hex(16), secrets.token_hex(8)

    answer = await balanced.sales.get(
        "/api/magasins/", headers={"traceparent": f"00-{trace_id}-{span_id}-01"}
    )

    [shown] = re.findall(r'desc="00-(\w{32})-(\w{16})-', answer.headers["server-timing"])
    assert shown[0] == trace_id
    assert shown[1] != span_id


async def test_an_error_of_nginx_names_the_trace_of_the_client(balanced: Chain) -> None:
    trace_id = secrets.token_hex(16)

    answer = await balanced.sales.get(
        "/api/nulle-part", headers={"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}
    )

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "route-inconnue"
    assert answer.json()["instance"] == "/api/nulle-part"
    assert answer.json()["trace_id"] == trace_id


async def test_an_error_of_nginx_without_a_trace_is_found_in_its_log(
    balanced: Chain, several_instances: RunningSystem
) -> None:
    answer = await balanced.sales.get("/api/nulle-part")

    await logged(several_instances, f'"trace_id":"{answer.json()["trace_id"]}"')


async def test_an_error_of_nginx_is_json_whatever_the_path_has_in_it(
    balanced: Chain, several_instances: RunningSystem
) -> None:
    port = several_instances.stack.layout.ports["nginx"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b'GET /api/a"\\\xff HTTP/1.1\r\nhost: ici\r\nconnection: close\r\n\r\n')
    _, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()

    assert json.loads(body)["instance"] == "/api/a"


async def test_a_page_of_another_origin_reads_answers_and_errors(balanced: Chain) -> None:
    page = {"origin": "http://localhost:3000"}
    wanted = {
        "access-control-request-method": "GET",
        "access-control-request-headers": "x-token",
    }

    answers = [
        await balanced.report.options("/api/ventes/rapport", headers=page | wanted),
        await balanced.report.get("/api/ventes/rapport", headers=page),
        await balanced.report.get("/api/ventes/rapport", headers=page | {"x-token": "?"}),
        await balanced.report.get("/api/nulle-part", headers=page),
    ]

    assert [each.status_code for each in answers] == [200, 200, 401, 404]
    for each in answers:
        assert each.headers.get_list("access-control-allow-origin") == [page["origin"]]
        assert len(each.headers.get_list("vary")) == 1


async def test_both_instances_answer(balanced: Chain, several_instances: RunningSystem) -> None:
    layout = several_instances.stack.layout
    for _ in range(20):
        assert (await balanced.sales.get("/api/magasins/")).status_code == 200

    for name in layout.instances("sales-api"):
        await logged(several_instances, f'"upstream":"127.0.0.1:{layout.ports[name]}"')
