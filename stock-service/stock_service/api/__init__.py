"""Holds the HTTP routes, their French words and their problems."""
