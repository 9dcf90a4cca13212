"""Two instances of each process behind NGINX. A client must not notice which one answers."""
