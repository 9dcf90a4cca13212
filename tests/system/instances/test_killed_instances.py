"""One instance of each API dies under load: no read fails, and no sale is lost or doubled."""

import httpx
import psutil

from infra.tools.local.cleanup import find_nginx
from infra.tools.local.layout import SERVICES
from infra.tools.local.stack import Stack
from infra.tools.operate.audit.run import audit_everything
from tests.fixtures.chain import Chain
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually
from tests.system.instances.load import OPENING_UNITS, Load, under_load

SALES_BETWEEN = 50


async def sold_further(load: Load) -> None:
    aim = len(load.sales) + SALES_BETWEEN

    async def has_sold() -> bool:
        return len(load.sales) >= aim

    await eventually(has_sold, True)


async def list_sales(chain: Chain, store_id: int) -> set[str]:
    """Return the sales that the service has recorded, page after page."""
    found: set[str] = set()
    following = f"/api/ventes/?magasin_id={store_id}&limite=500"
    while following:
        answer = await chain.sales.get(following)
        found |= {sale["id"] for sale in answer.json()}
        following = answer.links.get("next", {}).get("url", "")
    return found


async def is_back(stack: Stack, name: str, former_pid: int) -> None:
    async def runs_anew() -> bool:
        return stack.pid(name) not in (0, former_pid) and name not in await stack.unready()

    await eventually(runs_anew, True, within_seconds=60)


async def test_a_killed_instance_of_each_api_fails_no_read_and_loses_or_doubles_no_sale(
    balanced: Chain, several_instances: RunningSystem
) -> None:
    stack = several_instances.stack
    pids = {f"{service}-api": stack.pid(f"{service}-api") for service in SERVICES}
    async with under_load(balanced, several_instances) as load:
        for name in pids:
            await sold_further(load)
            several_instances.kill(name)
        await sold_further(load)
        for name, pid in pids.items():
            await is_back(stack, name, pid)
        await sold_further(load)

    assert set(load.reads) == {200}
    # A sale on the dead instance gets 502, and its till sends it again.
    assert set(load.tries) <= {201, 502}
    assert len(set(load.sales)) == len(load.sales)
    assert await list_sales(balanced, load.store) == set(load.sales)

    async def level() -> int:
        return await balanced.level(load.store, load.product)

    await eventually(level, OPENING_UNITS - len(load.sales))
    counted = await balanced.store_report(load.store, after=max(load.sales))
    assert counted["nombre_ventes"] == len(load.sales)
    urls = {service: several_instances.database_url(service) for service in SERVICES}
    assert (await audit_everything(urls)).differences == []


async def test_a_killed_nginx_comes_back_and_leaves_no_worker_behind(
    balanced: Chain, several_instances: RunningSystem
) -> None:
    stack = several_instances.stack
    pid = stack.pid("nginx")

    several_instances.kill("nginx")
    await is_back(stack, "nginx", pid)

    async def masters() -> set[int]:
        found = {each.pid: each for each in find_nginx(stack.layout.state)}
        return {each.ppid() for each in found.values()} - {stack.pid("nginx")}

    # Only the new master, which supervisord has started, and its workers may run.
    await eventually(masters, {psutil.Process(stack.pid("nginx")).ppid()})

    async def is_answered() -> bool:
        try:
            return (await balanced.sales.get("/api/magasins/")).status_code == 200
        except httpx.TransportError:
            return False

    # It takes the new master a moment to get the port.
    await eventually(is_answered, True)
