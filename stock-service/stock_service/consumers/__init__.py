"""Holds one module for each topic that the worker consumes."""
