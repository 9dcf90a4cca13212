"""Lists the checks of the audit."""

from stock_service.db import audit
from stock_service.db.alert_audit import ALERTS
from stock_service.db.cost_audit import COSTS
from stock_service.db.count_audit import COUNTS
from stock_service.db.reservation_audit import RESERVATION_CHECKS
from stock_service.db.transfer_audit import TRANSFER_CHECKS

CHECKS = (*audit.CHECKS, *RESERVATION_CHECKS, *TRANSFER_CHECKS, COSTS, COUNTS, ALERTS)
