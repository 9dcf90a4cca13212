"""The service's SQL: one named function per statement."""
