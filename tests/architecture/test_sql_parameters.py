"""Values reach SQL as bound parameters; the text of a statement comes from our code only."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = (
    "infra/service-kit/service_kit",
    "infra/tools/operate/audit",
    "sales-service/sales_service",
    "stock-service/stock_service",
    "report-service/report_service",
)
STATEMENTS = ("text", "execute", "scalar", "DirectStatement")
# Statements that our code composes: names of columns and tables, and conditions that the code
# chooses. Somebody has read each of them; none holds input from outside.
OUR_WORDS = {
    "sales_service/db/catalogue.py": {"assignments", "condition"},
    "sales_service/db/product_search.py": {"condition", "where", "order"},
    "sales_service/db/stores.py": {"assignments"},
    "stock_service/db/alerts.py": {"condition"},
    "stock_service/db/level_lists.py": {"page"},
    "stock_service/db/limits.py": {"scope"},
    "report_service/rebuild/tables.py": {
        "fresh",
        "table",
        "options",
        "row.name",
        "row.definition",
        "row.privilege",
        "row.grantee",
    },
}


def interpolations(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield each expression that is put into the text of a statement, with its line."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and _name(node.func) in STATEMENTS):
            continue
        for argument in node.args[:1]:
            for part in ast.walk(argument):
                if isinstance(part, ast.FormattedValue):
                    yield part.lineno, ast.unparse(part.value)
                elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mod):
                    yield part.lineno, ast.unparse(part)
                elif isinstance(part, ast.Call) and _name(part.func) == "format":
                    yield from ((part.lineno, ast.unparse(each.value)) for each in part.keywords)


def _name(function: ast.expr) -> str:
    return str(getattr(function, "attr", None) or getattr(function, "id", ""))


def is_constant(expression: str) -> bool:
    """Return whether the expression is a module's constant or a literal."""
    return expression.rpartition(".")[2].isupper() or expression.startswith(("'", '"'))


def test_only_our_own_words_are_put_into_statements() -> None:
    found = []
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            known = next((w for file, w in OUR_WORDS.items() if str(path).endswith(file)), set())
            found += [
                f"{path.relative_to(ROOT)}:{line}: {expression}"
                for line, expression in interpolations(ast.parse(path.read_text()))
                if not is_constant(expression) and expression not in known
            ]

    assert found == []


def test_a_value_in_a_statement_is_noticed() -> None:
    careless = 'session.execute(text(f"SELECT * FROM sales WHERE id = {sale_id}"))'

    assert {expression for _, expression in interpolations(ast.parse(careless))} == {"sale_id"}
