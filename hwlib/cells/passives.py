"""Vias and pads as gdsfactory cells; lengths in µm, as gdsfactory has them."""

from __future__ import annotations

from itertools import pairwise

import gdsfactory as gf

from hwlib.cells.draw import cell_name, draw, label, port
from hwlib.cells.plain_settings import plain_settings
from hwlib.cells.rules import Rules, rules_of
from hwlib.cells.shapes import Box, Rect
from hwlib.errors import InputError, shown

WIRES = ("m1", "m2", "m3", "m4", "m5")
MOST_CUTS = 1000  # of a via array, each way
LONGEST_LABEL = 100  # characters


@plain_settings
@gf.cell(set_name=False)
def via_stack(
    process: str = "ebeam", lower: str = "m1", upper: str = "m3", columns: int = 1, rows: int = 1
) -> gf.Component:
    """Vias from one metal up to another with their landings, centred on the origin.

    Args:
        process: preset name, or the key of a process in use.
        lower: lower metal, ``m1`` … ``m4``.
        upper: upper metal, above ``lower``.
        columns: vias in x.
        rows: vias in y.

    Raises:
        InputError: metals that are not in this order, or no vias.
    """
    if not (1 <= columns <= MOST_CUTS and 1 <= rows <= MOST_CUTS):
        raise InputError(f"via_stack: {columns} × {rows} vias, allowed: 1 to {MOST_CUTS} each way")
    rules = rules_of(process)
    cuts, landing = stack_rects(rules, lower, upper, columns, rows)
    c = gf.Component()
    c.name = cell_name("via_stack", process, lower, upper, columns, rows)
    draw(c, rules.process, [*cuts, *(Rect(metal, box) for metal, box in landing.items())])
    port(c, rules.process, "BOTTOM", lower, landing[lower], 180)
    port(c, rules.process, "TOP", upper, landing[upper], 0)
    return c


def stack_rects(
    rules: Rules, lower: str, upper: str, columns: int, rows: int
) -> tuple[list[Rect], dict[str, Box]]:  # fmt: skip
    """Cuts from one metal up to another, centred on the origin, and the landing of each metal.

    Raises:
        InputError: metals that are not in this order, or that the process lacks.
    """
    if lower not in WIRES or upper not in WIRES or WIRES.index(lower) >= WIRES.index(upper):
        found = f"from {shown(lower)} to {shown(upper)}"
        raise InputError(f"via_stack: {found}; give two of {', '.join(WIRES)} in rising order")
    metals = WIRES[WIRES.index(lower) : WIRES.index(upper) + 1]
    needed = [*metals, *(f"v{metal[1:]}" for metal in metals[:-1])]
    if missing := [name for name in needed if name not in rules.process.layers]:
        raise InputError(f"via_stack: process {rules.process.name} has no {', '.join(missing)}")
    cuts: list[Rect] = []
    landing: dict[str, Box] = {}
    for below, above in pairwise(metals):
        via = f"v{below[1:]}"
        boxes = _array(rules, via, columns, rows)
        cuts += [Rect(via, box) for box in boxes]
        whole = boxes[0].joined(boxes[-1])
        for metal in (below, above):
            pad = rules.pad(metal, via, whole)
            landing[metal] = pad.joined(landing[metal]) if metal in landing else pad
    return cuts, landing


def _array(rules: Rules, via: str, columns: int, rows: int) -> list[Box]:
    size = rules.width(via)
    pitch = size + rules.space(via)
    x0, y0 = -((columns - 1) * pitch + size) // 2, -((rows - 1) * pitch + size) // 2
    return [
        Box(x0 + i * pitch, y0 + j * pitch, x0 + i * pitch + size, y0 + j * pitch + size)
        for j in range(rows)
        for i in range(columns)
    ]


@plain_settings
@gf.cell(set_name=False)
def pad(process: str = "ebeam", layer: str = "m5", size: float = 50.0, net: str = "") -> gf.Component:
    """A square probe or bond pad on one metal, centred on the origin, a port in the middle of each side.

    Args:
        process: preset name, or the key of a process in use.
        layer: metal.
        size: edge length, µm.
        net: name to label it with, as ``dend_0``; none when empty.

    Raises:
        InputError: an unknown metal, a label of more than 100 characters, or smaller than the layer's minimum width.
    """
    rules = rules_of(process)
    allowed = [wire for wire in WIRES if wire in rules.process.layers]
    if layer not in allowed:
        raise InputError(f"pad: no metal {shown(layer)}; allowed: {', '.join(allowed)}")
    if len(net) > LONGEST_LABEL:
        raise InputError(f"pad: label {shown(net)}, allowed: up to {LONGEST_LABEL} characters")
    edge = rules.wire(layer, size * 1e-6, (), "pad size")
    box = Box(-(edge // 2), -(edge // 2), edge - edge // 2, edge - edge // 2)
    c = gf.Component()
    c.name = cell_name("pad", process, layer, size, *([net] if net else []))
    draw(c, rules.process, [Rect(layer, box)])
    if net:
        label(c, rules.process, layer, net, 0, 0)
    for name, angle in (("E", 0), ("N", 90), ("W", 180), ("S", 270)):
        port(c, rules.process, name, layer, box, angle)
    return c
