"""One named function per SQL statement."""
