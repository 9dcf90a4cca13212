"""A small chain of stores in Québec, so that the first curl returns something real."""
