"""Vias and pads as gdsfactory cells; lengths in µm, as gdsfactory has them."""

from __future__ import annotations

from itertools import pairwise

import gdsfactory as gf

from hwlib.cells.draw import cell_name, draw, port
from hwlib.cells.rules import Rules, rules_of
from hwlib.cells.shapes import Box, Rect
from hwlib.errors import InputError, shown

WIRES = ("m1", "m2", "m3", "m4", "m5")


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
    if lower not in WIRES or upper not in WIRES or WIRES.index(lower) >= WIRES.index(upper):
        found = f"from {shown(lower)} to {shown(upper)}"
        raise InputError(f"via_stack: {found}; give two of {', '.join(WIRES)} in rising order")
    if not (1 <= columns <= 1000 and 1 <= rows <= 1000):
        raise InputError(f"via_stack: {columns} × {rows} vias, allowed: 1 to 1000 each way")
    rules = rules_of(process)
    metals = WIRES[WIRES.index(lower) : WIRES.index(upper) + 1]
    needed = [*metals, *(f"v{metal[1:]}" for metal in metals[:-1])]
    if missing := [name for name in needed if name not in rules.process.layers]:
        raise InputError(f"via_stack: process {rules.process.name} has no {', '.join(missing)}")
    c = gf.Component()
    c.name = cell_name("via_stack", process, lower, upper, columns, rows)
    landing: dict[str, Box] = {}
    for below, above in pairwise(metals):
        via = f"v{below[1:]}"
        cuts = _array(rules, via, columns, rows)
        draw(c, rules.process, [Rect(via, cut) for cut in cuts])
        whole = cuts[0].joined(cuts[-1])
        for metal in (below, above):
            pad = rules.pad(metal, via, whole)
            landing[metal] = pad.joined(landing[metal]) if metal in landing else pad
    draw(c, rules.process, [Rect(metal, pad) for metal, pad in landing.items()])
    port(c, rules.process, "BOTTOM", lower, landing[lower], 180)
    port(c, rules.process, "TOP", upper, landing[upper], 0)
    return c


def _array(rules: Rules, via: str, columns: int, rows: int) -> list[Box]:
    size = rules.width(via)
    pitch = size + rules.space(via)
    x0, y0 = -((columns - 1) * pitch + size) // 2, -((rows - 1) * pitch + size) // 2
    return [
        Box(x0 + i * pitch, y0 + j * pitch, x0 + i * pitch + size, y0 + j * pitch + size)
        for j in range(rows)
        for i in range(columns)
    ]


@gf.cell(set_name=False)
def pad(process: str = "ebeam", layer: str = "m5", size: float = 50.0) -> gf.Component:
    """A square probe or bond pad on one metal, centred on the origin, a port in the middle of each side.

    Args:
        process: preset name, or the key of a process in use.
        layer: metal.
        size: edge length, µm.

    Raises:
        InputError: an unknown metal, or smaller than the layer's minimum width.
    """
    rules = rules_of(process)
    allowed = [wire for wire in WIRES if wire in rules.process.layers]
    if layer not in allowed:
        raise InputError(f"pad: no metal {shown(layer)}; allowed: {', '.join(allowed)}")
    edge = rules.wire(layer, size * 1e-6, (), "pad size")
    box = Box(-(edge // 2), -(edge // 2), edge - edge // 2, edge - edge // 2)
    c = gf.Component()
    c.name = cell_name("pad", process, layer, size)
    draw(c, rules.process, [Rect(layer, box)])
    for name, angle in (("E", 0), ("N", 90), ("W", 180), ("S", 270)):
        port(c, rules.process, name, layer, box, angle)
    return c
