"""docs/settings.md and the services' READMEs have every setting that `Settings` reads."""

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


def documented(page: str) -> dict[str, str]:
    """Return the variables and their defaults from the page's chapter "Settings"."""
    section = (ROOT / page).read_text().partition("# Settings\n")[2].partition("\n## ")[0]
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
def test_the_pages_have_every_setting_with_its_default_and_no_other(service: str) -> None:
    shared = documented("docs/settings.md")
    own = documented(f"{service}-service/README.md")

    assert shared | own == read_by_code(service)
    assert shared.keys().isdisjoint(own), "a setting has its row on one page only"
