"""Faults of PostgreSQL, of Kafka, and of the network to them."""

import asyncio
import resource
import signal
from random import Random

import asyncpg

from infra.tools.local.layout import SERVICES
from tests.fixtures.waiting import eventually
from tests.system.faults.lab import PARTITION_TOPICS, Lab
from tests.system.faults.layout import LINKS
from tests.system.faults.log import NOTICE_SECONDS, relays_know_the_log
from tests.system.faults.processes import Fault, pause
from tests.system.faults.proxy import DROP_ANSWERS, DROP_EVERYTHING

LOST_BYTES = 3000  # a few records of each partition


async def restart_broker(lab: Lab, random: Random) -> str:
    """Kill or stop Kafka and start it at once."""
    how = random.choice(("killed", "stopped"))
    if how == "killed":
        lab.kill("kafka")
        await pause(random, 2, 4)
    else:
        await lab.stop("kafka")
        lab.start_program("kafka")
    return how


async def stop_broker_for_long(lab: Lab, random: Random) -> str:
    """Stop Kafka for up to a minute."""
    seconds = random.choice((20, 30, 60))
    await lab.stop("kafka")
    await asyncio.sleep(seconds)
    lab.start_program("kafka")
    return f"{seconds} s"


async def lose_last_records(lab: Lab, random: Random) -> str:
    """Kill Kafka and start it without its last acknowledged records."""
    async with lab.log_lock:
        # Only the relays can publish lost records again. They must first know the length of
        # the log, including the records that the suite appended.
        async with asyncio.timeout(NOTICE_SECONDS):
            await eventually(lambda: relays_know_the_log(lab), True, 2 * NOTICE_SECONDS)
        await stop_hard(lab, "kafka")
        shortened = shorten_log(lab, random)
        lab.start_program("kafka")
        await pause(random, 2, 4)
    return f"{shortened} partitions shortened"


def shorten_log(lab: Lab, random: Random) -> int:
    """Cut the ends of the log's files; return how many."""
    data = lab.layout.state / "kafka"
    # Otherwise the broker would not check the records up to there.
    (data / "recovery-point-offset-checkpoint").unlink(missing_ok=True)
    shortened = 0
    for topic in PARTITION_TOPICS:
        for folder in sorted(data.glob(f"{topic}-*")):
            log = max(folder.glob("*.log"))
            size = log.stat().st_size
            if size and random.random() < 0.7:
                with log.open("r+b") as file:
                    file.truncate(max(0, size - random.randint(1, LOST_BYTES)))
                shortened += 1
    return shortened


async def stop_hard(lab: Lab, name: str) -> None:
    """Kill a process (`kill -9`) and keep it stopped until it is started."""
    lab.kill(name)

    async def stays_away() -> bool:
        # Repeated, because supervisord may be restarting it just now.
        await lab.stop(name)
        return lab.stays_down(name)

    await eventually(stays_away, True)


async def fill_broker_disk(lab: Lab, random: Random) -> str:
    """Stop the broker's files from growing until it restarts."""
    # RLIMIT_FSIZE answers EFBIG where a full disk answers ENOSPC; both are an IOException
    # in the middle of an append.
    resource.prlimit(lab.pid("kafka"), resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    await pause(random, 3, 6)
    await stop_hard(lab, "kafka")
    lab.start_program("kafka")
    return ""


async def freeze_broker(lab: Lab, random: Random) -> str:
    """Freeze Kafka: it accepts connections and answers nothing."""
    lab.signal("kafka", signal.SIGSTOP)
    await pause(random, 2, 8)
    lab.signal("kafka", signal.SIGCONT)
    return ""


async def restart_database(lab: Lab, random: Random) -> str:
    """Kill or stop PostgreSQL, wait a moment, and start it."""
    how = random.choice(("killed", "stopped"))
    if how == "killed":
        lab.kill("postgresql")
        await pause(random, 1, 2)
    else:
        await lab.stop("postgresql")
        await pause(random, 0, 4)
        lab.start_program("postgresql")
    return how


async def freeze_database(lab: Lab, random: Random) -> str:
    """Freeze PostgreSQL with all its connections open."""
    lab.signal("postgresql", signal.SIGSTOP)
    await pause(random, 2, 13)
    lab.signal("postgresql", signal.SIGCONT)
    return ""


async def cut_backends(lab: Lab, random: Random) -> str:
    """End connections at any moment, within a COMMIT too, repeatedly."""
    service = random.choice(SERVICES)
    async with lab.connection(service) as connection:
        for _ in range(random.randint(3, 12)):
            await _end_sessions(connection)
            await pause(random, 0.05, 0.3)
    return service


async def refuse_connections(lab: Lab, random: Random) -> str:
    """Take all connections that the server has for a service."""
    service = random.choice(SERVICES)
    async with lab.connection(service) as connection:
        roles = await _roles_of(connection, service)
        for role in roles:
            await connection.execute(f'ALTER ROLE "{role}" CONNECTION LIMIT 0')
        await _end_sessions(connection)
        await pause(random, 1, 5)
        for role in roles:
            await connection.execute(f'ALTER ROLE "{role}" CONNECTION LIMIT -1')
    return service


async def serialise(lab: Lab, random: Random) -> str:
    """Run transactions as SERIALIZABLE for a while, which causes real serialization failures."""
    service = random.choice(SERVICES)
    async with lab.connection(service) as connection:
        setting = "default_transaction_isolation"
        await connection.execute(f"ALTER DATABASE {service} SET {setting} TO serializable")
        await _end_sessions(connection)
        await pause(random, 3, 6)
        await connection.execute(f"ALTER DATABASE {service} RESET {setting}")
        await _end_sessions(connection)
    return service


async def slow_statements(lab: Lab, random: Random) -> str:
    """Make statements wait for a lock beyond their timeout."""
    service = random.choice(SERVICES)
    table = random.choice(("consumer_positions", "outbox"))
    async with lab.connection(service) as connection, connection.transaction():
        await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        await pause(random, 2, 12)
    return f"{service} {table}"


async def _roles_of(connection: asyncpg.Connection, service: str) -> list[str]:
    rows = await connection.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE $1 AND rolcanlogin", f"{service}%"
    )
    return [row["rolname"] for row in rows]


async def _end_sessions(connection: asyncpg.Connection) -> None:
    """End all other sessions of the database."""
    await connection.execute("""
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
    """)


async def cut_link(lab: Lab, random: Random) -> str:
    """Cut the network between a service and its database or broker, with resets."""
    link = random.choice(LINKS)
    await stop_hard(lab, link)
    await pause(random, 0.5, 6)
    lab.start_program(link)
    return link


async def silence_link(lab: Lab, random: Random) -> str:
    """Drop all traffic between a service and its database or broker, without resets."""
    link = random.choice(LINKS)
    lab.signal(link, signal.SIGSTOP)
    await pause(random, 2, 13)
    lab.signal(link, signal.SIGCONT)
    return link


async def drop_packets(lab: Lab, random: Random) -> str:
    """Drop the packets of a link, or only its answers, for good or until the link is mended."""
    link = random.choice(LINKS)
    what = random.choice((DROP_EVERYTHING, DROP_ANSWERS))
    lab.disturb(link, what)
    mend = random.choice((lab.restore, lab.let_pass))
    await pause(random, 2, 13)
    mend(link)
    return f"{link}, {'everything' if what == DROP_EVERYTHING else 'answers'}"


INFRASTRUCTURE_FAULTS: dict[str, Fault] = {
    "broker-restart": restart_broker,
    "broker-away": stop_broker_for_long,
    "broker-loses-records": lose_last_records,
    "broker-disk-full": fill_broker_disk,
    "broker-frozen": freeze_broker,
    "database-restart": restart_database,
    "database-frozen": freeze_database,
    "database-cuts": cut_backends,
    "database-no-connections": refuse_connections,
    "database-serialization": serialise,
    "database-statement-timeout": slow_statements,
    "link-cut": cut_link,
    "link-silent": silence_link,
    "link-drops-packets": drop_packets,
}
