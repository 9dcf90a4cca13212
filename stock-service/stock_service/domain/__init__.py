"""Holds the rules, without any I/O."""
