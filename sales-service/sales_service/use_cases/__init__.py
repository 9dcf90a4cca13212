"""What the service can change, a file each."""
