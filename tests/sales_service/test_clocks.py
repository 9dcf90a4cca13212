"""Instants that are compared with the database's clock come from it, not from an API's clock."""

from datetime import datetime, timedelta, tzinfo

import pytest
from sqlalchemy import text

from sales_service.use_cases import record_sale
from tests.sales_service.conftest import Shop

_AGES = text("""
    SELECT CAST(extract(epoch FROM clock_timestamp() - recorded_at) AS float8) AS of_sale,
        CAST(extract(epoch FROM clock_timestamp() -
            CAST(convert_from(payload, 'UTF8')::jsonb->>'recorded_at' AS timestamptz)) AS float8)
            AS of_event
    FROM sales JOIN outbox ON subject = CAST(sales.id AS text)
""")


class Skewed(datetime):
    """The clock of an API that is an hour behind."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) - timedelta(hours=1)


async def test_a_sale_is_as_old_as_the_database_says(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_sale, "datetime", Skewed)

    assert (await shop.sell((shop.coffee, 1), store=shop.strict)).status_code == 202

    async with shop.engine.connect() as connection:
        ages = (await connection.execute(_AGES)).one()
    assert 0 <= ages.of_sale < 60
    assert ages.of_event == pytest.approx(ages.of_sale, abs=1)
