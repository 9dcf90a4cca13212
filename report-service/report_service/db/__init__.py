"""The SQL of this service: one named function for each statement."""
