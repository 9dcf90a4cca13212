"""The shapes of the events that this service reads."""
