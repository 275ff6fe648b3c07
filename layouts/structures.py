"""Test structures for the wafer and for checking extraction: straight wire, L corner, via chain, ladder of taps.

Each is a cell with a net label at every end (``a``, ``b``; the ladder's taps ``t0``, ``t1`` …); lengths in µm, as
gdsfactory has them. What they measure in squares is in ``component.info``.
"""

from __future__ import annotations

import gdsfactory as gf

from hwlib.cells.draw import cell_name, draw, label
from hwlib.cells.named_tiles import metres
from hwlib.cells.plain_settings import plain_settings
from hwlib.cells.rules import Rules, rules_of
from hwlib.cells.shapes import Box, Rect
from hwlib.errors import InputError, shown
from hwlib.quantities import whole_number


@plain_settings
@gf.cell(set_name=False)
def straight_wire(
    process: str = "ebeam", layer: str = "m3", length: float = 10.0, width: float | None = None
) -> gf.Component:
    """A straight wire from label ``a`` to ``b``: ``info["squares"]`` = length / width between the labels.

    Args:
        process: preset name, or the key of a process in use.
        layer: conductor.
        length: between the two labels, µm.
        width: µm; the layer's minimum when None.
    """
    rules, w = _wire(process, layer, width)
    long = _length(rules, length, w)
    c = gf.Component()
    c.name = cell_name("straight_wire", process, layer, length, width)
    draw(c, rules.process, [Rect(layer, Box(0, 0, long, w))])
    label(c, rules.process, layer, "a", 0, w // 2)
    label(c, rules.process, layer, "b", long, w // 2)
    c.info["squares"] = long / w
    return c


@plain_settings
@gf.cell(set_name=False)
def corner(process: str = "ebeam", layer: str = "m3", arm: float = 5.0, width: float | None = None) -> gf.Component:
    """An L of two equal arms: ``info["squares"]`` = 2 · arm / width + 0.559, the exact corner of conformal mapping.

    Args:
        process: preset name, or the key of a process in use.
        layer: conductor.
        arm: from the inner corner to the end, µm.
        width: µm; the layer's minimum when None.
    """
    rules, w = _wire(process, layer, width)
    long = _length(rules, arm, w)
    c = gf.Component()
    c.name = cell_name("corner", process, layer, arm, width)
    draw(c, rules.process, [Rect(layer, Box(0, 0, w + long, w)), Rect(layer, Box(0, 0, w, w + long))])
    label(c, rules.process, layer, "a", w + long, w // 2)
    label(c, rules.process, layer, "b", w // 2, w + long)
    c.info["squares"] = 2 * long / w + 0.559
    return c


@plain_settings
@gf.cell(set_name=False)
def via_chain(process: str = "ebeam", lower: str = "m2", links: int = 10) -> gf.Component:
    """A chain that goes up and down between two neighbouring metals, one via at a time.

    Args:
        process: preset name, or the key of a process in use.
        lower: lower metal, ``m1`` … ``m4``.
        links: number of vias, even.
    """
    links = whole_number(links, "links", least=2, most=10_000)
    if lower not in ("m1", "m2", "m3", "m4") or links % 2:
        found = f"{shown(lower)} and {links}"
        raise InputError(f"via_chain: needs m1 to m4 and an even number of vias, found {found}")
    rules = rules_of(process)
    upper, via = f"m{int(lower[1:]) + 1}", f"v{lower[1:]}"
    if missing := [name for name in (lower, via, upper) if name not in rules.process.layers]:
        raise InputError(f"via_chain: process {rules.process.name} has no {', '.join(missing)}")
    size = rules.width(via)
    pads = {metal: rules.pad(metal, via, Box(0, 0, size, size)) for metal in (lower, upper)}
    gap = max(rules.space(metal) + pads[metal].x1 - pads[metal].x0 for metal in (lower, upper))
    pitch = max(gap, size + rules.space(via))
    rects = [Rect(via, Box(k * pitch, 0, k * pitch + size, size)) for k in range(links)]
    for k in range(links + 1):
        metal = upper if k % 2 else lower
        ends = [pads[metal].moved(x * pitch, 0) for x in (k - 1, k) if 0 <= x < links]
        rects.append(Rect(metal, ends[0].joined(ends[-1])))
    c = gf.Component()
    c.name = cell_name("via_chain", process, lower, links)
    draw(c, rules.process, rects)
    label(c, rules.process, lower, "a", size // 2, size // 2)
    label(c, rules.process, lower, "b", (links - 1) * pitch + size // 2, size // 2)
    c.info["vias"] = links
    return c


@plain_settings
@gf.cell(set_name=False)
def ladder(
    process: str = "ebeam", layer: str = "m3", taps: int = 60, pitch: float = 0.4, width: float | None = None
) -> gf.Component:
    """A straight wire from ``a`` to ``b`` with labelled taps ``t0`` … at equal distances, like a dendrite row.

    Args:
        process: preset name, or the key of a process in use.
        layer: conductor.
        taps: number of taps.
        pitch: between taps, and from the ends to the first and last, µm.
        width: µm; the layer's minimum when None.
    """
    taps = whole_number(taps, "taps", most=100_000)
    rules, w = _wire(process, layer, width)
    step = _length(rules, pitch, 1)
    metres((taps + 1) * pitch)
    c = gf.Component()
    c.name = cell_name("ladder", process, layer, taps, pitch, width)
    draw(c, rules.process, [Rect(layer, Box(0, 0, (taps + 1) * step, w))])
    names = ["a", *(f"t{k}" for k in range(taps)), "b"]
    for k, name in enumerate(names):
        label(c, rules.process, layer, name, k * step, w // 2)
    c.info["squares_per_step"] = step / w
    return c


def _wire(process: str, layer: str, width: float | None) -> tuple[Rules, int]:
    rules = rules_of(process)
    allowed = rules.process.of_kind("conductor")
    if layer not in allowed:
        raise InputError(f"test structure: no conductor {shown(layer)}; allowed: {', '.join(allowed)}")
    return rules, rules.wire(layer, None if width is None else metres(width), (), "width")


def _length(rules: Rules, length: float, least: int) -> int:
    steps = rules.exact(metres(length), "length")
    if steps < least:
        raise InputError(f"test structure: length {length:.6g} µm is shorter than the wire is wide")
    return steps
