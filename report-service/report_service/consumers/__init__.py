"""What each topic's events do to the projections."""
