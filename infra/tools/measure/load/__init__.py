"""Plays the scenarios of `k6/` on a running system, and says what became of every sale."""
