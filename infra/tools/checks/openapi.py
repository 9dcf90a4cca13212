"""Generates `infra/contracts/openapi/` from the routes; `--check` only compares."""

import importlib
import json
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "contracts" / "openapi"
SERVICES = ("sales", "stock", "report")


def document(service: str) -> str:
    """Return the OpenAPI document that a service's routes define."""
    main = importlib.import_module(f"{service}_service.main")
    settings = importlib.import_module(f"{service}_service.settings").Settings(
        database_url="postgresql+asyncpg://nowhere/none", http_port=1
    )
    return json.dumps(main.create_app(settings).openapi(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the documents, or with `--check` return 1 when one is stale."""
    stale = []
    for service in SERVICES:
        path = FOLDER / f"{service}.json"
        fresh = document(service)
        if "--check" not in sys.argv[1:]:
            path.write_text(fresh)
        elif not path.exists() or path.read_text() != fresh:
            stale.append(path.name)
    if stale:
        sys.stdout.write(f"stale: {', '.join(stale)}; run: make fix\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
