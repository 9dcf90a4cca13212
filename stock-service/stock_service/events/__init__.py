"""Message shapes: what this service says, and what it reads of others."""
