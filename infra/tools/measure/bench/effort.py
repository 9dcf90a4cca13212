"""How much is measured: enough for the document, or as little as shows that all works."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """Rounds, seconds of each measurement, and numbers of sales."""

    rounds: int
    seconds: float
    latency_seconds: float
    sizes: list[int]
    log_sales: int
    minutes: float

    @classmethod
    def of(cls, *, quick: bool, rounds: int | None, minutes: float | None) -> "Effort":
        """What `make bench` asks for."""
        if quick:
            return cls(rounds or 1, 0.5, 2.0, [10_000, 100_000], 50_000, minutes or 0.25)
        sizes = [10_000, 100_000, 1_000_000, 10_000_000]
        return cls(rounds or 3, 1.0, 6.0, sizes, 200_000, minutes or 1.0)
