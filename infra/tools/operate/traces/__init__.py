"""`make slow` and `make trace`: show Jaeger's traces in a terminal."""
