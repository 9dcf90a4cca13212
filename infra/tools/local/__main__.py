"""`python -m infra.tools.local up|down|status|logs|…`; the Makefile calls it."""

import argparse
import asyncio
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

from infra.tools.local import nginx, observability, rolling
from infra.tools.local.keys import ensure_store_key
from infra.tools.local.layout import (
    MOST_INSTANCES,
    ROLES,
    ROOT,
    SERVICES,
    Layout,
    StackError,
    further_ports,
    state_folder,
    wanted_ports,
)
from infra.tools.local.ports import check_free
from infra.tools.local.postgresql import psql
from infra.tools.local.stack import Report, Stack
from infra.tools.local.summary import print_addresses


def main() -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.tools.local")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("down", "status", "reset"):
        commands.add_parser(name)
    up = commands.add_parser("up")
    for option in ("--instances", "--workers"):
        up.add_argument(option, type=int, choices=range(1, MOST_INSTANCES + 1), default=1)
    for name in ("logs", "rolling-restart"):
        commands.add_parser(name).add_argument("--name")
    token = commands.add_parser("token")
    token.add_argument("--role", choices=ROLES, default="till")
    token.add_argument("--store", type=int, help="only for this store")
    commands.add_parser("psql").add_argument("database", choices=SERVICES)
    commands.add_parser("run").add_argument("program", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    # `up` waits for a broker that starts; aiokafka would log each failed attempt.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        return COMMANDS[arguments.command](arguments)
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: make up continues, make down stops what has started\n")
        return 130


def _reporter() -> Report:
    started = time.monotonic()

    def report(line: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {line}", flush=True)

    return report


def _up(arguments: argparse.Namespace) -> int:
    report = _reporter()
    layout = Layout.saved()
    wanted = wanted_ports(
        further_ports(arguments.instances, arguments.workers)
        | observability.installed_ports()
        | nginx.installed_ports()
    )
    is_running = Stack(layout).is_supervised()
    if is_running:
        running, layout = layout, layout.extended(wanted)
        check_free(layout, layout.ports.keys() - running.ports.keys())
        if layout.ports != wanted:
            report("it keeps the ports and instances that it runs with: make down up changes them")
    else:
        layout = Layout(state_folder(), wanted)
    stack = Stack(layout, report)
    asyncio.run(_start(stack, is_running))
    if _call([sys.executable, "-m", "infra.tools.local.demo"], layout) != 0:
        raise StackError("the demo chain could not be created, see above; the system runs")
    print_addresses(layout)
    return 0


def _call(command: list[str], layout: Layout) -> int:
    """Run a client of the stack, with its addresses and keys in the environment."""
    environment = os.environ | layout.client_environment
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


async def _start(stack: Stack, is_running: bool) -> None:
    if is_running:
        await stack.apply()
    await stack.start_infrastructure()
    await stack.start_backends()
    await stack.start_services()
    if is_running:
        stack.reload()


def _down(_: argparse.Namespace) -> int:
    stopped = Stack(Layout.saved()).stop()
    print("nothing was running" if not stopped else "stopped")
    return 0


def _status(_: argparse.Namespace) -> int:
    layout = Layout.saved()
    stack = Stack(layout)
    if not stack.is_supervised():
        print("not running: make up starts it")
        return 1
    unready = asyncio.run(stack.unready())
    for name, state in stack.states().items():
        print(f"{name:15} {layout.ports[name]:6} {state}{'  NOT READY' if name in unready else ''}")
    return 1 if unready else 0


def _rolling_restart(arguments: argparse.Namespace) -> int:
    layout = Layout.saved()
    stack = Stack(layout, _reporter())
    if not stack.is_supervised():
        raise StackError("not running: make up starts it")
    names = rolling.choose_instances(layout, arguments.name)
    if alone := rolling.find_interrupted(layout, names):
        print(f"{', '.join(alone)}: no other instance, so its requests fail during the restart")
    asyncio.run(rolling.restart_one_by_one(stack, names))
    return 0


def _logs(arguments: argparse.Namespace) -> int:
    layout = Layout.saved()
    known = Stack(layout).names
    if arguments.name and arguments.name not in known:
        raise StackError(f"{arguments.name} is not one of {', '.join(known)}")
    names = [arguments.name] if arguments.name else known
    files = [str(path) for name in names if (path := layout.logs / f"{name}.log").exists()]
    if not files:
        raise StackError("there are no logs yet: make up first")
    os.execvp("tail", ["tail", "-n", "20", "-F", *files])


def _reset(arguments: argparse.Namespace) -> int:
    _down(arguments)
    state = state_folder()
    # COMPTOIR_STATE may name any folder: delete only one that `up` created.
    if (state / "ports.json").exists():
        shutil.rmtree(state)
    print("empty: the next make up starts from nothing")
    return 0


def _token(arguments: argparse.Namespace) -> int:
    layout = _existing()
    if arguments.store is None:
        print(layout.secrets[arguments.role])
        return 0
    if not Stack(layout).is_supervised():
        raise StackError("not running: make up starts it")
    print(asyncio.run(ensure_store_key(layout, arguments.role, arguments.store)))
    return 0


def _psql(arguments: argparse.Namespace) -> int:
    command, environment = psql(_existing(), arguments.database)
    os.execve(command[0], command, os.environ | environment)


def _run(arguments: argparse.Namespace) -> int:
    layout = _existing()
    if not Stack(layout).is_supervised():
        raise StackError("not running: make up starts it")
    return _call(arguments.program, layout)


def _existing() -> Layout:
    layout = Layout.saved()
    if not (layout.state / "secrets.json").exists():
        raise StackError("there is no stack yet: make up first")
    return layout


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "up": _up,
    "down": _down,
    "status": _status,
    "logs": _logs,
    "rolling-restart": _rolling_restart,
    "reset": _reset,
    "token": _token,
    "psql": _psql,
    "run": _run,
}

if __name__ == "__main__":
    sys.exit(main())
