"""One module per change that this service can make."""
