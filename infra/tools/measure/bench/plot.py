"""A small SVG, written by hand: what an answer costs, by the number of sales, on two log scales."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 230, 40, 50
COLOURS = ("#c0392b", "#e67e22", "#2471a3", "#1e8449", "#7d3c98", "#5d6d7e")

Points = Sequence[tuple[float, float]]


def draw_lines(title: str, x_label: str, y_label: str, lines: Mapping[str, Points]) -> str:
    """Lines through points, each with its name at its end."""
    xs = [x for points in lines.values() for x, _ in points]
    ys = [y for points in lines.values() for _, y in points if y > 0]
    x_range = log10(min(xs)), log10(max(xs))
    y_range = floor(log10(min(ys))), max(ceil(log10(max(ys))), floor(log10(min(ys))) + 1)

    def x_of(value: float) -> float:
        return LEFT + (log10(value) - x_range[0]) / (x_range[1] - x_range[0]) * _inner_width()

    def y_of(value: float) -> float:
        share = (log10(value) - y_range[0]) / (y_range[1] - y_range[0])
        return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)

    parts = [
        _text(LEFT, 20, title, 15),
        _text(LEFT, HEIGHT - 10, x_label),
        _text(5, TOP - 8, y_label),
    ]
    for power in range(y_range[0], y_range[1] + 1):
        y = y_of(10.0**power)
        parts.append(_rule(LEFT, y, WIDTH - RIGHT, y))
        parts.append(_text(5, y + 4, f"{10.0**power:g}"))
    for value in sorted(set(xs)):
        x = x_of(value)
        parts.append(_rule(x, TOP, x, HEIGHT - BOTTOM))
        parts.append(_text(x - 15, HEIGHT - BOTTOM + 16, f"{value:,.0f}"))
    names = _spread({name: y_of(points[-1][1]) for name, points in lines.items()})
    for number, (name, points) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in points if y > 0)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(_text(WIDTH - RIGHT + 8, names[name] + 4, name, colour=colour))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' font-family="sans-serif">\n<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n'
        f"{body}\n</svg>\n"
    )


def _inner_width() -> int:
    return WIDTH - LEFT - RIGHT


def _spread(places: Mapping[str, float], least: float = 15.0) -> dict[str, float]:
    """Moves names apart that would lie on each other."""
    spread: dict[str, float] = {}
    lowest = 0.0
    for name, y in sorted(places.items(), key=lambda each: each[1]):
        spread[name] = lowest = max(y, lowest + least)
    return spread


def _text(x: float, y: float, text: str, size: int = 12, colour: str = "#333") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" fill="{colour}">{escape(text)}</text>'


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'
