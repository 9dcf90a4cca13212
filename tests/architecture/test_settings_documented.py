"""The table in each service's README is what its `Settings` read from the environment."""

from pathlib import Path

import pytest

import report_service.settings
import sales_service.settings
import stock_service.settings
from service_kit.settings import ServiceSettings

ROOT = Path(__file__).resolve().parents[2]
SETTINGS: dict[str, type[ServiceSettings]] = {
    "sales": sales_service.settings.Settings,
    "stock": stock_service.settings.Settings,
    "report": report_service.settings.Settings,
}


def documented(service: str) -> dict[str, str]:
    """Environment variables and their defaults, from the section "Settings"."""
    readme = (ROOT / f"{service}-service" / "README.md").read_text()
    section = readme.partition("\n## Settings\n")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    return {cells[1].strip(" `"): cells[2].strip(" `") for cells in rows}


def read_by_code(service: str) -> dict[str, str]:
    return {
        name.upper(): "required" if setting.is_required() else shown(setting.default)
        for name, setting in SETTINGS[service].model_fields.items()
    }


def shown(default: object) -> str:
    return {"": "empty", "None": "none"}.get(str(default), str(default))


@pytest.mark.parametrize("service", SETTINGS)
def test_the_readme_has_every_setting_with_its_default_and_no_other(service: str) -> None:
    assert documented(service) == read_by_code(service)
