"""The dashboards, in the order in which they link to each other."""

from infra.tools.checks.dashboards.flow import BUSINESS, EVENT_FLOW
from infra.tools.checks.dashboards.limits import CAPACITY, OBJECTIVES
from infra.tools.checks.dashboards.load import LOAD
from infra.tools.checks.dashboards.requests import BREAKDOWN, GOLDEN_SIGNALS

BOARDS = (GOLDEN_SIGNALS, BREAKDOWN, EVENT_FLOW, BUSINESS, CAPACITY, OBJECTIVES, LOAD)
