"""The original's clients work unchanged behind NGINX, too, and its load scripts exceed no limit."""

import asyncio

import httpx
import pytest

from infra.tools.measure.load.run import Wish, play
from tests.fixtures.centres import open_only_centre
from tests.fixtures.chain import Chain
from tests.fixtures.http import open_client
from tests.fixtures.http_file import Conversation, HttpFile
from tests.fixtures.system import RunningSystem
from tests.system.test_original_clients import CALLS


async def test_the_gateway_answers_every_call(
    several_instances: RunningSystem, balanced: Chain
) -> None:
    given = {
        "base": several_instances.stack.layout.url("nginx"),
        "head_office": several_instances.token("head-office"),
        "centre": str(await open_only_centre(balanced.sales, balanced.stock)),
    }

    async with open_client(timeout=60) as client:

        async def send(request: httpx.Request) -> httpx.Response:
            return await client.send(request)

        assert await Conversation(HttpFile.read(CALLS), given, send).find_faults() == []


async def test_no_limit_refuses_users_who_never_pause(
    several_instances: RunningSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = str(several_instances.stack.layout.state)
    for name, value in (*several_instances.environment.items(), ("COMPTOIR_STATE", state)):
        monkeypatch.setenv(name, value)

    result = await asyncio.to_thread(play, Wish("users", duration="12s"))

    assert result.faults == []
    assert result.summary.count("http_reqs") > 500
