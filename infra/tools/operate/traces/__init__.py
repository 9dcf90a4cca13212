"""`make slow` and `make trace`: Jaeger's traces in a terminal."""
