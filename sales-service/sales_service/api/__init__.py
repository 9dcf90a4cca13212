"""Routes, and the frontier between French JSON outside and English objects inside."""
