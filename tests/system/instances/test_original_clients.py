"""The original's clients work unchanged behind NGINX, too."""

import httpx

from tests.fixtures.http import open_client
from tests.fixtures.http_file import Conversation, HttpFile
from tests.fixtures.system import RunningSystem
from tests.system.test_original_clients import CALLS


async def test_the_gateway_answers_every_call(several_instances: RunningSystem) -> None:
    given = {
        "base": several_instances.stack.layout.url("nginx"),
        "head_office": several_instances.token("head-office"),
    }

    async with open_client(timeout=60) as client:

        async def send(request: httpx.Request) -> httpx.Response:
            return await client.send(request)

        assert await Conversation(HttpFile.read(CALLS), given, send).find_faults() == []
