"""Consumers of other services' events, one file per topic."""
