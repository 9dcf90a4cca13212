"""`make dead-letters`: lists, replays and discards the dead letters of all services."""
