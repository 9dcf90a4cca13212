"""The HTTP interface: French names outside, English names inside."""
