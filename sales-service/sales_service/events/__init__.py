"""The events that this service publishes, and those that it reads."""
