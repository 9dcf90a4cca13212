"""Two instances of each process behind NGINX: a client must not notice which one answers."""
