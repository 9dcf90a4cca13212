"""Plays the scenarios of `k6/` on a running system, then checks every sale."""
