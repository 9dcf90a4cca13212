"""A small demo chain in Québec, so that the first requests return data."""
