"""Plumbing that every service shares: HTTP, telemetry, database, events. No domain word."""
