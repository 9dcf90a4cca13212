"""Routes, and the French JSON that the outside sees."""
