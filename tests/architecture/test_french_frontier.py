"""French stands at one frontier. Below it, and in all that developers read, stands English."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The packages that are English, and the files in them that speak French to clients.
ENGLISH = {
    "infra/service-kit/service_kit": (),
    "sales-service/sales_service": ("api/", "main.py"),
    "stock-service/stock_service": ("api/",),
    "report-service/report_service": ("api/", "main.py"),
}
# French letters, and words of docs/glossary.md that have none of them. A path, such as
# /api/magasins, may stand anywhere.
FRENCH = re.compile(
    r"[àâçèéêëîïôùûœ«»]|(?<!/)\b(vente|annulation|ajustement|mouvement|magasin|produit|panier|caisse"
    r"|niveau|rapport|rupture|surstock|motif|quantite|lignes?)s?\b",
    re.IGNORECASE,
)


def french_strings(tree: ast.AST) -> Iterator[str]:
    """Yield the line and the French of each string with French in it, docstrings included."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            continue
        if french := FRENCH.search(node.value):
            yield f"{node.lineno}: {french[0]}"


@pytest.mark.parametrize("folder", ENGLISH)
def test_no_french_stands_below_the_frontier(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{each}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not str(path.relative_to(ROOT / folder)).startswith(ENGLISH[folder])
        for each in french_strings(ast.parse(path.read_text()))
    ]

    assert found == []


@pytest.mark.parametrize("code", ['raise Problem("Clé absente")', "text(\"kind = 'vente'\")"])
def test_french_is_noticed(code: str) -> None:
    assert list(french_strings(ast.parse(code)))
