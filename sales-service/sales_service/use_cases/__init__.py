"""The changes that the service makes, one file each."""
