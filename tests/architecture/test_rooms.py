"""`infra/` keeps its four rooms (docs/decisions/0029-infra-has-four-rooms.md)."""

from pathlib import Path

INFRA = Path(__file__).resolve().parents[2] / "infra"


def entries(folder: Path) -> set[str]:
    """Return the names in a folder, without Python's caches."""
    return {path.name for path in folder.iterdir() if path.name != "__pycache__"}


def test_infra_holds_four_rooms() -> None:
    assert entries(INFRA) == {"contracts", "deploy", "service-kit", "tools"}


def test_the_tools_stand_in_four_rooms_beside_their_http_client() -> None:
    assert entries(INFRA / "tools") == {"checks", "local", "measure", "operate", "rest.py"}


def test_contracts_and_deployment_hold_no_python() -> None:
    for room in ("contracts", "deploy"):
        assert list((INFRA / room).rglob("*.py")) == []
