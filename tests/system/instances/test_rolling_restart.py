"""Every instance of the APIs restarts under load, and no client notices."""

from infra.tools.local.rolling import choose_instances, restart_one_by_one
from tests.fixtures.chain import Chain
from tests.fixtures.system import RunningSystem
from tests.system.instances.load import under_load


async def test_a_rolling_restart_answers_every_read_and_every_sale(
    balanced: Chain, several_instances: RunningSystem
) -> None:
    stack = several_instances.stack
    names = [name for name in choose_instances(stack.layout, None) if "-api" in name]
    former = {name: stack.pid(name) for name in names}
    async with under_load(balanced, several_instances) as load:
        await restart_one_by_one(stack, names)

    assert all(stack.pid(name) != former[name] for name in names)
    assert set(load.reads) == {200}
    assert set(load.tries) == {201}
