"""`make audit`: compares what the three services hold, on a running system."""
