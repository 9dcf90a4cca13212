"""Plumbing that every service shares: HTTP edge, telemetry, database, events. No domain word in here."""
