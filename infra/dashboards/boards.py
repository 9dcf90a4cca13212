"""The dashboards, in the order in which they link to each other."""

from infra.dashboards.flow import BUSINESS, EVENT_FLOW
from infra.dashboards.limits import CAPACITY, OBJECTIVES
from infra.dashboards.load import LOAD
from infra.dashboards.requests import BREAKDOWN, GOLDEN_SIGNALS

BOARDS = (GOLDEN_SIGNALS, BREAKDOWN, EVENT_FLOW, BUSINESS, CAPACITY, OBJECTIVES, LOAD)
