"""The form in which names are searched and sorted: neither accents nor case count.

PostgreSQL's own ways differ between builds; Python computes the same everywhere.
"""

from unicodedata import category, normalize

# A row of an index has a greatest size. A ligature becomes several letters, so a key may be longer
# than its name.
LONGEST = 200
# Accents that follow their letter, and what nobody sees, such as a soft hyphen.
_DROPPED = {"Mn", "Me", "Cf"}
# Characters that Unicode does not decompose, by their numbers.
_LETTERS = {
    0x00E6: "ae",
    0x0153: "oe",
    0x00F8: "o",
    0x0111: "d",
    0x0142: "l",
    # Apostrophes and hyphens of typographers.
    0x02BC: "'",
    0x2018: "'",
    0x2019: "'",
    0x2010: "-",
    0x2013: "-",
}


def fold(text: str) -> str:
    """Return the key by which a text is found and sorted."""
    plain = normalize("NFKD", normalize("NFKD", text).casefold())
    letters = "".join(each for each in plain if category(each) not in _DROPPED)
    return " ".join(letters.translate(_LETTERS).split())[:LONGEST]
