"""`make pictures`: photograph every page of the running system."""
