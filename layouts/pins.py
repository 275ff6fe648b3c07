"""Pins of a crossbar: where wires of a chip join it, at the border of the macro, and the leads from there inside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hwlib.cells.shapes import Box
from hwlib.cells.strap_dimensions import middle_of
from hwlib.nets import DENDRITE, DRIVE, GROUND
from layouts.floorplan import Floorplan

WEST, NORTH, SOUTH, EAST = 180, 90, 270, 0


class MacroPin(NamedTuple):
    """An end of a wire at the border.

    Attributes:
        name: unique in the macro: the net's, with the side where a net has several.
        net: of the wire.
        layer: metal.
        box: the wire's last piece, up to the border, in grid steps.
        angle: degrees that it faces.
    """

    name: str
    net: str
    layer: str
    box: Box
    angle: int


def pins(plan: Floorplan) -> list[MacroPin]:
    """Every pin of a macro: dendrites in the west, drives in the north, then weights, V_DW and ground.

    Trunks of V_DW and of weight rails come out in the south, on the sides that have them, those of the ground in the
    west; weight lines where they leave.
    """
    return [*_dendrites(plan), *_drives(plan), *_lines(plan), *_side_trunks(plan), *_grounds(plan)]


def _dendrites(plan: Floorplan) -> Iterator[MacroPin]:
    t, stack = plan.tile, plan.tile.straps.get("dendrite")
    for row, neuron in enumerate(plan.order.tolist()):
        level = int(plan.tapering["dendrite"][row, 0, 0]) if "dendrite" in plan.tapering else 0
        low, high = t.narrowed("dendrite", t.dendrite, level)
        if stack is not None:
            low, high = middle_of((low + high) // 2, stack.width)
        y, net = plan.origin[1] + row * t.py, DENDRITE.net_name(neuron)
        yield MacroPin(net, net, stack.spec.metal if stack else "m3", Box(0, y + low, plan.origin[0], y + high), WEST)


def _drives(plan: Floorplan) -> Iterator[MacroPin]:
    t = plan.tile
    for column, neuron in enumerate(plan.order.tolist()):
        level = int(plan.tapering["drive"][-1, column, 2]) if "drive" in plan.tapering else 0
        low, high = t.narrowed("drive", t.drive, level)
        x, net = plan.origin[0] + column * t.px + t.origin[0], DRIVE.net_name(neuron)
        top = plan.origin[1] + plan.n * t.py
        yield MacroPin(net, net, "m2", Box(x + low, top, x + high, plan.outline.y1), NORTH)


def _lines(plan: Floorplan) -> Iterator[MacroPin]:
    """Weight nets that leave their row by themselves, on a weight track."""
    t, (x0, y0), right = plan.tile, plan.origin, plan.outline.x1
    for row in range(plan.n):
        y = y0 + row * t.py
        for label in plan.style.labels(plan, row, y):
            low, high = next(span for span in t.tracks if span[0] <= label.y - y <= span[1])
            west = label.x < x0
            ends = (0, x0) if west else (right - plan.side(False), right)
            yield MacroPin(
                label.net, label.net, label.layer, Box(ends[0], y + low, ends[1], y + high), WEST if west else EAST
            )


def _side_trunks(plan: Floorplan) -> Iterator[MacroPin]:
    (x0, y0), right = plan.origin, plan.outline.x1 - plan.side(False)
    for side in ("west", "east"):
        for net, (near, far) in plan.side_trunks(side == "west").items():
            span = (x0 - far, x0 - near) if side == "west" else (right + near, right + far)
            yield MacroPin(f"{net}_{side}", net, "m2", Box(span[0], 0, span[1], y0), SOUTH)


def _grounds(plan: Floorplan) -> Iterator[MacroPin]:
    (x0, y0), top = plan.origin, plan.outline.y1 - plan.foot(False)
    net = GROUND.net_name()
    for side in ("south", "north"):
        trunk = plan.ground_trunk(side == "south")
        if trunk is not None:
            near, far = trunk
            span = (y0 - far, y0 - near) if side == "south" else (top + near, top + far)
            yield MacroPin(f"{net}_{side}", net, "m3", Box(0, span[0], x0, span[1]), WEST)
