"""Faults on purpose, to practise docs/debugging.md with (`make demo-fault`)."""
