"""Holds one module for each change that this service can make."""
