"""Two of each process behind NGINX: what a client may notice of it, which is nothing."""
