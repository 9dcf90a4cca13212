"""Comptoir's stock service."""
