"""Applies the events of each topic to the projections."""
