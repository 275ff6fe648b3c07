"""Vias side by side at one place, in grid steps."""

from __future__ import annotations

from dataclasses import dataclass

from hwlib.cells.rules import Rules
from hwlib.cells.shapes import Box, Rect


@dataclass(frozen=True)
class ViaCounts:
    """How many vias of each layer join a device to its wires, at least; one where a layer is not named.

    Attributes:
        axon: pairs of layer and count, for what carries the current of an axon's pillar.
        soma: the same for a soma's pillar.
    """

    axon: tuple[tuple[str, int], ...] = ()
    soma: tuple[tuple[str, int], ...] = ()

    def of_axon(self, layer: str) -> int:
        """Vias of a layer at an axon."""
        return dict(self.axon).get(layer, 1)

    def of_soma(self, layer: str) -> int:
        """Vias of a layer at a soma."""
        return dict(self.soma).get(layer, 1)


@dataclass(frozen=True)
class ViaGroup:
    """Some vias of one layer."""

    layer: str
    boxes: tuple[Box, ...]

    @property
    def whole(self) -> Box:
        """The box around all of them."""
        whole = self.boxes[0]
        for box in self.boxes[1:]:
            whole = whole.joined(box)
        return whole

    @property
    def rows(self) -> int:
        """How many lie above each other."""
        return len({box.y0 for box in self.boxes})

    def moved(self, dx: int, dy: int) -> ViaGroup:
        """The group shifted."""
        return ViaGroup(self.layer, tuple(box.moved(dx, dy) for box in self.boxes))

    def rects(self) -> list[Rect]:
        """What is drawn."""
        return [Rect(self.layer, box) for box in self.boxes]


def via_group(rules: Rules, layer: str, count: int, most_rows: int = 1) -> ViaGroup:
    """At least so many vias about the origin: in as few columns as so many rows allow, every row full."""
    size, step = rules.width(layer), rules.width(layer) + rules.space(layer)
    columns = -(-count // max(1, most_rows))
    rows = -(-count // columns)
    x0, y0 = (-((k * step - rules.space(layer)) // 2) for k in (columns, rows))
    boxes = (
        Box(x0 + i * step, y0 + j * step, x0 + i * step + size, y0 + j * step + size)
        for j in range(rows)
        for i in range(columns)
    )
    return ViaGroup(layer, tuple(boxes))


def rows_within(rules: Rules, layer: str, width: int, margin: int) -> int:
    """How many rows of vias a wire encloses by a margin; at least one."""
    return max(1, (width - 2 * margin + rules.space(layer)) // (rules.width(layer) + rules.space(layer)))
