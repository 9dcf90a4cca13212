"""The HTTP surface: French outside, English inside."""
