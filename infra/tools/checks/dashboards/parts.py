"""Panels, queries and dashboards, and their JSON for Grafana."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common, heatmap, prometheus, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

PROMETHEUS = model.DataSourceRef(type_val="prometheus", uid="prometheus")
WHOLE, HALF, THIRD = 24, 12, 8
HEIGHT = 8


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression and the legend of its series, such as `{{handler}}`."""

    expr: str
    legend: str
    has_exemplars: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel; `description` says what a bad value is and where to look next."""

    title: str
    description: str
    unit: str
    queries: Sequence[Query]
    width: int = HALF
    is_stacked: bool = False
    is_heatmap: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard; its user chooses values of the label `variable`."""

    uid: str
    title: str
    description: str
    panels: Sequence[Panel]
    variable: tuple[str, str] | None = None


def build_board(board: Board, others: Iterable[tuple[str, str]]) -> model.Dashboard:
    """Return a dashboard's JSON; `others` are (uid, title) of the dashboards it links to."""
    built = (
        build.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags(["comptoir"])
        .readonly()
        .timezone("browser")
        .refresh("5s")
        .time("now-15m", "now")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
    )
    for uid, title in others:
        link = build.DashboardLink(title).type(model.DashboardLinkType.LINK)
        built.link(link.url(f"/d/{uid}").keep_time(True))
    if board.variable is not None:
        label, metric = board.variable
        built.with_variable(
            build.QueryVariable(label)
            .query(f"label_values({metric}, {label})")
            .datasource(PROMETHEUS)
            .multi(True)
            .include_all(True)
            .all_value(".*")
            .current(model.VariableOption(text="All", value="$__all"))
            .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(model.VariableSort.ALPHABETICAL_ASC)
        )
    for number, panel in enumerate(board.panels, start=1):
        drawn = _heatmap(panel) if panel.is_heatmap else _lines(panel)
        # Links name panels by id, and ids that Grafana assigns may change.
        built.with_panel(drawn.id(number))
    return built.build()


def _lines(panel: Panel) -> timeseries.Panel:
    built = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.description)
        .datasource(PROMETHEUS)
        .unit(panel.unit)
        .min(0)
        .span(panel.width)
        .height(HEIGHT)
        .line_width(1)
        .fill_opacity(60 if panel.is_stacked else 10)
        .show_points(options.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            # The SDK writes false unless told, and Grafana honours it.
            .show_legend(True)
            .display_mode(options.LegendDisplayMode.TABLE)
            .placement(options.LegendPlacement.BOTTOM)
            .calcs(["lastNotNull", "max"])
            # The line that explains an incident is seen without scrolling.
            .sort_by("Max")
            .sort_desc(True)
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(options.TooltipDisplayMode.MULTI)
            .sort(options.SortOrder.DESCENDING)
        )
    )
    if panel.is_stacked:
        built.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A"))
    for reference, query in zip("ABCDEF", panel.queries, strict=False):
        built.with_target(_target(reference, query))
    return built


def _heatmap(panel: Panel) -> heatmap.Panel:
    [query] = panel.queries
    return (
        heatmap.Panel()
        .title(panel.title)
        .description(panel.description)
        .datasource(PROMETHEUS)
        .span(panel.width)
        .height(HEIGHT)
        .y_axis(heatmap.YAxisConfig().unit(panel.unit))
        .with_target(_target("A", query).format(PromQueryFormat.HEATMAP))
    )


def _target(reference: str, query: Query) -> prometheus.Dataquery:
    return (
        prometheus.Dataquery()
        .ref_id(reference)
        .datasource(PROMETHEUS)
        .expr(query.expr)
        .legend_format(query.legend)
        .exemplar(query.has_exemplars)
        .range()
    )
