"""The rules of selling, without I/O: money, business days, sales."""
