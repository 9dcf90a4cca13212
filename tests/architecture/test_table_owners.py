"""The SQL of each of the kit's tables stands in one module."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = (
    "infra/service-kit/service_kit",
    "sales-service/sales_service",
    "stock-service/stock_service",
    "report-service/report_service",
)
OWNERS = {
    "consumer_positions": "events/positions.py",
    "dead_letters": "events/dead_letters.py",
    "idempotency_keys": "database/idempotency_keys.py",
    "outbox": "events/ledger.py",
    "published_positions": "events/ledger.py",
}
# The one statement of a sale, which writes its key and its event too.
BESIDES = {"db/sale_writing.py"}
USE = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE|TABLE)\s+(?:public\.)?({'|'.join(OWNERS)})\b")


def test_no_other_module_holds_sql_of_a_table_of_the_kit() -> None:
    strays = [
        f"{path.relative_to(ROOT)}: {table}"
        for folder in CODE
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not any(path.match(each) for each in BESIDES)
        for table in set(USE.findall(path.read_text()))
        if not path.match(OWNERS[table])
    ]

    assert strays == []


def test_every_owner_has_sql_of_its_table() -> None:
    for table, owner in OWNERS.items():
        text = (ROOT / CODE[0] / owner).read_text()
        assert table in USE.findall(text), owner
