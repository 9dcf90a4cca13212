"""Every panel says what a bad value is and where to look next."""

import json

from infra.tools.checks.dashboards.__main__ import DASHBOARDS
from infra.tools.checks.dashboards.boards import BOARDS

PANELS = [panel for board in BOARDS for panel in board.panels]


def test_each_panel_says_what_is_bad_and_where_to_look_next() -> None:
    assert PANELS
    silent = [panel.title for panel in PANELS if "Bad: " not in panel.description]
    dead_ends = [
        panel.title
        for panel in PANELS
        if not any(word in panel.description for word in ("Next", "Runbook"))
    ]

    assert silent == []
    assert dead_ends == []


def test_each_panel_of_lines_names_them_with_their_last_and_largest_value() -> None:
    legends = [
        panel["options"]["legend"]
        for path in sorted(DASHBOARDS.glob("*.json"))
        for panel in json.loads(path.read_text())["panels"]
        if panel["type"] == "timeseries"
    ]

    assert legends
    for legend in legends:
        assert legend["showLegend"] is True
        assert legend["calcs"] == ["lastNotNull", "max"]
        assert (legend["sortBy"], legend["sortDesc"]) == ("Max", True)
