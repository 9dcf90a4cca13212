"""`make demo-fault`: something goes wrong on purpose, to practise docs/debugging.md on."""
