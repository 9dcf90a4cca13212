"""What a batch of events adds to the rows that reports read."""
