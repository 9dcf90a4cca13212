"""Holds one named function for each SQL statement."""
