"""Restarts one instance after the other while the others answer."""

import asyncio
import time

from infra.tools.local import nginx
from infra.tools.local.layout import Layout, StackError, process_of
from infra.tools.local.stack import Stack


def choose_instances(layout: Layout, name: str | None) -> list[str]:
    """Return all instances, those of a process, or the named one.

    The first instance of every process comes before all second ones. So NGINX has the most time to
    take an instance back before its sibling stops.
    """
    chosen = [each for each in layout.processes if name in (None, each, process_of(each))]
    if not chosen:
        raise StackError(f"{name} is no process here; there are {', '.join(layout.processes)}")
    return sorted(chosen, key=lambda each: layout.instances(process_of(each)).index(each))


def find_interrupted(layout: Layout, names: list[str]) -> list[str]:
    """Return the APIs that have no other instance to answer during their restart."""
    apis = {process_of(name) for name in names if process_of(name).endswith("-api")}
    if "nginx" not in layout.ports:
        return sorted(apis)
    return sorted(api for api in apis if len(layout.instances(api)) == 1)


async def restart_one_by_one(stack: Stack, names: list[str]) -> None:
    """Stop each instance, which finishes its requests; start it and wait until it is ready."""
    clock = time.monotonic
    used_again: dict[str, float] = {}
    for name in names:
        process = process_of(name)
        # NGINX skips an instance that refused connections until `fail_timeout` is over, even if
        # the instance is ready again. Without its sibling no instance would answer.
        await asyncio.sleep(used_again.get(process, 0.0) - clock())
        await stack.restart(name)
        used_again[process] = clock() + nginx.held_for_dead_seconds()
