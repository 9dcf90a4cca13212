"""Turns events into the rows that reports read."""
