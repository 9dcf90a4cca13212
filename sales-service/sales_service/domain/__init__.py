"""Pure rules of selling: money, business days, sales."""
