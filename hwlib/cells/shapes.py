"""Rectangles on named layers, in grid steps: what every cell is made of before it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Box(NamedTuple):
    """An axis-parallel rectangle in grid steps."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def centre(self) -> tuple[int, int]:
        """Centre, rounded down to the grid."""
        return (self.x0 + self.x1) // 2, (self.y0 + self.y1) // 2

    def grown(self, margin: int) -> Box:
        """The box with a margin on every side."""
        return Box(self.x0 - margin, self.y0 - margin, self.x1 + margin, self.y1 + margin)

    def joined(self, other: Box) -> Box:
        """Smallest box around both."""
        return Box(min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1))

    def moved(self, dx: int, dy: int) -> Box:
        """The box shifted."""
        return Box(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)


class Rect(NamedTuple):
    """A box on a layer of the process."""

    layer: str
    box: Box


def square(x: int, y: int, size: int) -> Box:
    """Square centred at (x, y), to the grid step below."""
    return Box(x - size // 2, y - size // 2, x - size // 2 + size, y - size // 2 + size)


def moved(rects: Iterable[Rect], dx: int, dy: int) -> list[Rect]:
    """Rectangles shifted."""
    return [Rect(layer, box.moved(dx, dy)) for layer, box in rects]


def via_grid(area: Box, size: int, space: int, margin: int, most: int) -> Iterator[Box]:
    """At most ``most`` vias (at least one) centred in ``area``, kept ``margin`` inside it, as square as they fit."""
    fit_x = max(1, (area.x1 - area.x0 - 2 * margin + space) // (size + space))
    fit_y = max(1, (area.y1 - area.y0 - 2 * margin + space) // (size + space))
    columns = min(fit_x, most)
    rows = max(1, min(fit_y, most // columns))
    x0 = area.x0 + (area.x1 - area.x0 - columns * size - (columns - 1) * space) // 2
    y0 = area.y0 + (area.y1 - area.y0 - rows * size - (rows - 1) * space) // 2
    for row in range(rows):
        for column in range(columns):
            x, y = x0 + column * (size + space), y0 + row * (size + space)
            yield Box(x, y, x + size, y + size)
