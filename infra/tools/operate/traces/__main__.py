"""`make slow` and `make trace`: `… slow [--at 14:05] [--route /api/ventes/rapport]`, `… trace ID`.

JAEGER_URL is Jaeger's address; the default is http://127.0.0.1:16686.
"""

import argparse
import os
import sys
from datetime import datetime, time, timedelta

import httpx

from infra.tools.operate.traces.jaeger import Jaeger, NoSuchTrace
from infra.tools.operate.traces.slowest import find_slowest
from infra.tools.operate.traces.waterfall import draw

DEFAULT_URL = "http://127.0.0.1:16686"


def stretch(at: str | None, minutes: float, now: datetime) -> tuple[datetime, datetime]:
    """Return the last minutes, or those around a time of day; raises `ValueError`."""
    if at is None:
        return now - timedelta(minutes=minutes), now
    moment = datetime.combine(now.date(), time.fromisoformat(at), now.tzinfo)
    if moment > now:
        moment -= timedelta(days=1)
    return moment - timedelta(minutes=minutes), moment + timedelta(minutes=minutes)


def main() -> int:
    """Print traces; return 1 when there are none or Jaeger does not answer."""
    parser = argparse.ArgumentParser(prog="python -m infra.tools.operate.traces")
    commands = parser.add_subparsers(dest="command", required=True)
    slow = commands.add_parser("slow", help="the slowest requests of the last minutes")
    slow.add_argument("--minutes", type=float, default=5)
    slow.add_argument("--at", help="a time of day such as 14:05: the minutes around it")
    slow.add_argument("--route", help="one endpoint, such as /api/ventes/rapport")
    slow.add_argument("--most", type=int, default=10)
    one = commands.add_parser("trace", help="one trace as a waterfall")
    one.add_argument("id", help="32 hex digits, as in an error's trace_id")
    arguments = parser.parse_args()
    url = os.environ.get("JAEGER_URL", DEFAULT_URL)
    jaeger = Jaeger(url)
    try:
        if arguments.command == "trace":
            lines = list(draw(jaeger.read_trace(arguments.id)))
        else:
            now = datetime.now().astimezone()
            since, until = stretch(arguments.at, arguments.minutes, now)
            lines = list(find_slowest(jaeger, since, until, arguments.most, arguments.route))
    except NoSuchTrace as unknown:
        sys.stderr.write(
            f"Jaeger has no trace {unknown}: was it kept? It takes ten seconds to arrive\n"
        )
        return 1
    except ValueError:
        parser.error(f"--at {arguments.at} is not a time of day such as 14:05")
    except httpx.HTTPStatusError as refusal:
        sys.stderr.write(f"Jaeger refuses: {refusal.response.status_code}. Is the id right?\n")
        return 1
    except httpx.HTTPError as fault:
        sys.stderr.write(f"no Jaeger answers at {url}: {fault}\n")
        return 1
    # One write, so that `| head` does not end the program with a broken pipe.
    sys.stdout.write("\n".join(lines or ["no requests"]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
