"""Every instance started anew, one after the other, while the others answer."""

import asyncio
import time

from infra.tools.local import nginx
from infra.tools.local.layout import Layout, StackError, process_of
from infra.tools.local.stack import Stack


def choose_instances(layout: Layout, name: str | None) -> list[str]:
    """All of them, those of a process, or the one that is named: the first of each comes first.

    So the siblings of an instance are used again for as long as possible before it stops.
    """
    chosen = [each for each in layout.processes if name in (None, each, process_of(each))]
    if not chosen:
        raise StackError(f"{name} is no process here; there are {', '.join(layout.processes)}")
    return sorted(chosen, key=lambda each: layout.instances(process_of(each)).index(each))


def find_interrupted(layout: Layout, names: list[str]) -> list[str]:
    """The APIs among them that nobody answers for while they start anew."""
    apis = {process_of(name) for name in names if process_of(name).endswith("-api")}
    if "nginx" not in layout.ports:
        return sorted(apis)
    return sorted(api for api in apis if len(layout.instances(api)) == 1)


async def restart_one_by_one(stack: Stack, names: list[str]) -> None:
    """Stop, start and await each; its requests are finished before it ends."""
    clock = time.monotonic
    used_again: dict[str, float] = {}
    for name in names:
        process = process_of(name)
        # NGINX leaves out an instance that has refused connections until its own time is over,
        # whether or not it answers again; without its sibling there would be nobody.
        await asyncio.sleep(used_again.get(process, 0.0) - clock())
        await stack.restart(name)
        used_again[process] = clock() + nginx.held_for_dead_seconds()
