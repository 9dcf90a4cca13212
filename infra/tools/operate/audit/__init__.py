"""`make audit`: compares the three databases while the system runs."""
