"""Fail points: named steps of the write path at which the suite can kill or freeze a process."""

import os
import signal
from pathlib import Path

# Each point with the processes that pass it.
REQUEST_POINTS = ("request.before-commit", "request.after-commit")
RELAY_POINTS = ("relay.before-send", "relay.mid-chunk", "relay.after-ack", "relay.after-mark")
CONSUMER_POINTS = (
    "consumer.fetched",
    "consumer.in-transaction",
    "consumer.before-commit",
    "consumer.after-commit",
)
REBALANCE_POINTS = ("consumer.rebalancing", "consumer.rebalanced")

POINTS_OF = {
    "sales-api": REQUEST_POINTS,
    "stock-api": REQUEST_POINTS,
    "sales-worker": RELAY_POINTS + CONSUMER_POINTS,
    "stock-worker": RELAY_POINTS + CONSUMER_POINTS,
    "report-worker": CONSUMER_POINTS,
}

SIGNALS = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}


def arm(folder: Path, point: str, action: str) -> None:
    """Kill or freeze, as `action` says, the next process that passes the point."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{point}"
    fresh.write_text(action)
    fresh.rename(folder / point)


def is_armed(folder: Path, point: str) -> bool:
    """Tell whether no process has passed the point since it was armed."""
    return (folder / point).exists()


def disarm(folder: Path, point: str) -> None:
    """Remove a fail point that no process has passed."""
    (folder / point).unlink(missing_ok=True)


def trip(folder: Path, point: str) -> None:
    """Kill or freeze this process, which passes the point, if the point is armed."""
    file = folder / point
    try:
        action = file.read_text()
        # When several processes pass, the one that removes the file is the victim.
        file.unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), SIGNALS[action])
