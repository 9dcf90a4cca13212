"""Comptoir's sales service."""
