"""Generates the dashboards and the rules of the objectives; `--check` only compares."""

import sys
from collections.abc import Mapping
from pathlib import Path

import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from infra.tools.checks.dashboards.boards import BOARDS
from infra.tools.checks.dashboards.parts import build_board
from infra.tools.checks.dashboards.slo import build_rules

ROOT = Path(__file__).resolve().parents[4]
DASHBOARDS = ROOT / "infra/deploy/grafana/dashboards"
RULES = ROOT / "infra/deploy/prometheus/rules/slo.yml"
HEADER = "# Written from infra/tools/checks/dashboards/slo.py by make fix.\n"


def build_files() -> Mapping[Path, str]:
    """Return the content of every generated file."""
    encoder = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False)
    files = {
        DASHBOARDS / f"{board.uid}.json": encoder.encode(
            build_board(board, [(each.uid, each.title) for each in BOARDS if each is not board])
        )
        + "\n"
        for board in BOARDS
    }
    return files | {RULES: HEADER + yaml.safe_dump(build_rules(), sort_keys=False, width=100)}


def main() -> int:
    """Write the files, or with `--check` return 1 when one is stale."""
    files = build_files()
    known = {
        path: path.read_text() for path in [*DASHBOARDS.glob("*.json"), RULES] if path.exists()
    }
    if known == files:
        return 0
    if "--check" in sys.argv:
        names = sorted(
            str(path.relative_to(ROOT))
            for path in known.keys() | files.keys()
            if known.get(path) != files.get(path)
        )
        sys.stdout.write(
            f"not what infra/tools/checks/dashboards says: {', '.join(names)}: make fix\n"
        )
        return 1
    for path, content in files.items():
        path.write_text(content)
    for path in known.keys() - files.keys():
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
