"""The board: the dashboards as a page that Prometheus itself serves at `/user/`."""

import json
import shutil
from pathlib import Path

from infra.tools.local import fetch
from infra.tools.local.layout import ROOT, Layout

SOURCE = ROOT / "infra/deploy/board"
DASHBOARDS = ROOT / "infra/deploy/grafana/dashboards"
PATH = "/user/"


def is_served(layout: Layout) -> bool:
    """Tell whether the stack serves the board."""
    return "prometheus" in layout.ports and fetch.find_charts() is not None


def lay_out(layout: Layout) -> Path | None:
    """Link the page and its files into one folder; return it, or None without charts."""
    charts = fetch.find_charts()
    if charts is None:
        return None
    folder = layout.state / "board"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sources = {
        "index.html": SOURCE / "index.html",
        "page": SOURCE / "page",
        "dashboards": DASHBOARDS,
        "docs/runbooks": ROOT / "docs/runbooks",
        "uplot": Path(charts),
    }
    (folder / "docs").mkdir()
    for name, source in sources.items():
        (folder / name).symlink_to(source)
    jaeger = layout.url("jaeger") if "jaeger" in layout.ports else None
    (folder / "settings.json").write_text(json.dumps({"jaeger": jaeger}))
    return folder
