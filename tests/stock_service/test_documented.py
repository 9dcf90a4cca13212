"""What the README and the error table say is what the code has."""

from pathlib import Path

from stock_service.api.problems import STATUS_OF
from stock_service.domain.errors import ImpossibleSale, StockError
from stock_service.settings import Settings

README = Path(__file__).resolve().parents[2] / "stock-service" / "README.md"


def test_every_setting_is_in_the_readme_with_its_default() -> None:
    rows = [line.split("|") for line in README.read_text().splitlines() if line.startswith("| `")]
    documented = {cells[1].strip(" `"): cells[2].strip(" `") for cells in rows}

    for name, setting in Settings.model_fields.items():
        default = "required" if setting.is_required() else str(setting.default)
        shown = {"": "empty", "None": "none"}.get(default, default)
        assert documented[name.upper()] == shown


def test_every_error_that_a_request_meets_has_a_status() -> None:
    assert set(StockError.__subclasses__()) - set(STATUS_OF) == {ImpossibleSale}
