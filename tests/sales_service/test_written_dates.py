"""The instants of requests are written in ISO 8601: no number stands for one."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from sales_service.api.key_schemas import KeyChange
from sales_service.api.lot_schemas import OfflineSaleIn
from sales_service.api.return_schemas import ReturnIn
from sales_service.api.sale_schemas import SaleIn

UUID_7 = "0193a5d0-2c00-7000-8000-000000000001"
SALE = {"magasin_id": 1, "panier": [{"produit_id": 1, "quantite": 1}], "vente_id": UUID_7}
BODIES: list[tuple[type[BaseModel], str, dict[str, Any]]] = [
    (SaleIn, "date", SALE),
    (OfflineSaleIn, "date", SALE),
    (ReturnIn, "date", {}),
    (KeyChange, "expire_le", {}),
]


@pytest.mark.parametrize(("model", "name", "body"), BODIES)
@pytest.mark.parametrize(
    "sent", [1795958244514, 1795958244, 1795958244.5, "1795958244", "1795958244514", True, []]
)
def test_a_number_is_no_instant(
    model: type[BaseModel], name: str, body: dict[str, Any], sent: Any
) -> None:
    with pytest.raises(ValidationError, match="datetime_parsing") as refused:
        model.model_validate(body | {name: sent})

    assert [fault["loc"] for fault in refused.value.errors()] == [(name,)]


@pytest.mark.parametrize(("model", "name", "body"), BODIES)
@pytest.mark.parametrize("sent", ["2026-11-29T08:00:00-05:00", "2026-11-29 08:00:00.5Z"])
def test_a_written_instant_is_one(
    model: type[BaseModel], name: str, body: dict[str, Any], sent: str
) -> None:
    model.model_validate(body | {name: sent})
