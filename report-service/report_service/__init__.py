"""Comptoir's report service."""
