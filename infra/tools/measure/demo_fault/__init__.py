"""Plants faults to practise docs/debugging.md on (`make demo-fault`)."""
