"""docs/observability.md names every metric that the processes have, and no other."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
OF_LIBRARIES = ("process_", "python_", "target_info")


def test_the_catalogue_is_what_the_code_exports() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "tests.deploy.compose.exported_metrics"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    own = {name for name in printed if not name.startswith(OF_LIBRARIES)}
    histograms = {name.removesuffix("_bucket") for name in own if name.endswith("_bucket")}
    parts = {f"{name}_{part}" for name in histograms for part in ("bucket", "sum", "count")}
    exported = own - parts | histograms
    page = (ROOT / "docs/observability.md").read_text()
    table = page.partition("## Metrics")[2].partition("## Spans")[0]
    catalogue = set(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE))

    assert catalogue == exported
