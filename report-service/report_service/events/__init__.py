"""The shapes of the messages that this service reads."""
