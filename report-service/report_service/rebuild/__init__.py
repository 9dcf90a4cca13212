"""Builds the projections anew from the log, beside the live ones, and swaps them in."""
