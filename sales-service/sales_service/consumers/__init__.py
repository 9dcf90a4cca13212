"""What happens on the events of others, a file per topic."""
