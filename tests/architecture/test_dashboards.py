"""Every panel says what a bad value is and where to look next."""

from infra.tools.checks.dashboards.boards import BOARDS

PANELS = [panel for board in BOARDS for panel in board.panels]


def test_each_panel_says_what_is_bad_and_where_to_go_next() -> None:
    assert PANELS
    silent = [panel.title for panel in PANELS if "Bad: " not in panel.description]
    dead_ends = [
        panel.title
        for panel in PANELS
        if not any(word in panel.description for word in ("Next", "Runbook"))
    ]

    assert silent == []
    assert dead_ends == []
