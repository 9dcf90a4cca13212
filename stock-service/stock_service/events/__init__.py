"""Holds the events that this service publishes and the fields that it reads of others."""
