"""No word of the domain stands in service-kit, which does not know the content of messages."""

import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from service_kit.database import kit_tables

KIT = Path(__file__).resolve().parents[2] / "infra" / "service-kit" / "service_kit"

# Singular words, in both languages of docs/glossary.md. The test compares them with whole words of
# an identifier, so `restore_at` and `stored` pass.
DOMAIN_WORDS = {
    *("sale", "vente", "basket", "panier", "receipt", "till", "caisse", "rupture", "overstock"),
    *("store", "magasin", "shop", "product", "produit", "sku", "price", "prix", "tax", "taxe"),
    *("stock", "niveau", "movement", "mouvement", "adjustment", "ajustement"),
    *("report", "rapport", "catalogue", "replenishment"),
}


def words_of(identifier: str) -> set[str]:
    """Return the words of an identifier in the singular: `StoreIds_of` gives store, id, of."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-zé]+", identifier)
    return {word.lower().removesuffix("s") for word in words}


def identifiers(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.NAME:
                yield token.start[0], token.string


@pytest.mark.parametrize("path", sorted(KIT.rglob("*.py")), ids=lambda path: path.name)
def test_no_name_in_the_kit_is_a_word_of_the_domain(path: Path) -> None:
    found = [
        f"{path.name}:{line} {name}"
        for line, name in identifiers(path)
        if words_of(name) & DOMAIN_WORDS
    ]

    assert words_of(path.stem).isdisjoint(DOMAIN_WORDS)
    assert found == []


def test_no_table_of_the_kit_has_a_word_of_the_domain() -> None:
    ddl = "\n".join(kit_tables.ALL)

    assert words_of(ddl) & DOMAIN_WORDS == set()


def test_no_topic_of_the_services_is_named_in_the_kit() -> None:
    topic = re.compile(r"\b(sales|stock|catalogue)\.[a-z-]+(\.v\d+)?\b")

    assert [path.name for path in KIT.rglob("*.py") if topic.search(path.read_text())] == []


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("StoreIds", {"store", "id"}),
        ("_LAST_SALES", {"last", "sale"}),
        ("restored_at", {"restored", "at"}),
        ("HTTPReport", {"http", "report"}),
    ],
)
def test_identifiers_are_compared_by_whole_words(identifier: str, words: set[str]) -> None:
    assert words_of(identifier) == words
