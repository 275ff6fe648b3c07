"""What gdsfactory's routers are made of: straights, corners, steps of the width and changes of metal; lengths in µm.

Edges lie where routers ask for them, in database units; widths are even, so that ports stand in the middle.
"""

from __future__ import annotations

import gdsfactory as gf
import klayout.db as kdb

from hwlib.cells.draw import cell_name, dbu_per_step
from hwlib.cells.passives import WIRES, stack_rects
from hwlib.cells.plain_settings import plain_settings
from hwlib.cells.rules import Rules, rules_of
from hwlib.errors import InputError, shown

MOST_SIDE_BY_SIDE = 16  # vias of a change of metal, each way


def least_width(rules: Rules, layer: str) -> float:
    """The narrowest wire of a metal that routers can lay, µm: the rule, up to an even number of grid steps."""
    return _even(rules, rules.process.layers[layer].min_width or 0.0)


def landing_width(rules: Rules, layer: str) -> float:
    """The narrowest wire of a metal on which its lower via stands without a wider pad, µm, as ``least_width``."""
    return max(
        least_width(rules, layer), _even(rules, rules.landing(layer, f"v{int(layer[1:]) - 1}") * rules.process.grid)
    )


def _even(rules: Rules, width: float) -> float:
    """A width in m, up to the next one in µm that has its middle on the grid."""
    return round(2 * rules.steps(width / 2) * rules.process.grid * 1e6, 9)


@plain_settings
@gf.cell(set_name=False)
def straight(process: str = "ebeam", layer: str = "m3", length: float = 10.0, width: float = 0.1) -> gf.Component:
    """A straight wire from port e1, at the origin, to e2 on its right.

    Args:
        process: preset name, or the key of a process in use.
        layer: metal.
        length: µm.
        width: µm.

    Raises:
        InputError: an unknown metal, or a width that the process or its grid does not allow.
    """
    rules, wide = rules_of(process), _width(process, layer, width)
    c = gf.Component()
    c.name = cell_name("straight", process, layer, length, width)
    long = c.kcl.to_dbu(length)
    if not 0 <= long <= 100_000_000:
        raise InputError(f"straight: length {length:.6g} µm, allowed: 0 to 1e5 µm")
    _box(c, rules, layer, kdb.Box(0, -wide // 2, long, wide // 2))
    _port(c, rules, "e1", layer, wide, kdb.Trans(2, False, 0, 0))
    _port(c, rules, "e2", layer, wide, kdb.Trans(0, False, long, 0))
    return c


@plain_settings
@gf.cell(set_name=False)
def wire_corner(process: str = "ebeam", layer: str = "m3", width: float = 0.1) -> gf.Component:
    """The square in which a wire turns left: from port e1 on its left to e2 above.

    Args:
        process: preset name, or the key of a process in use.
        layer: metal.
        width: µm.

    Raises:
        InputError: as ``straight``.
    """
    rules, wide = rules_of(process), _width(process, layer, width)
    c, half = gf.Component(), wide // 2
    c.name = cell_name("wire_corner", process, layer, width)
    _box(c, rules, layer, kdb.Box(-half, -half, half, half))
    _port(c, rules, "e1", layer, wide, kdb.Trans(2, False, -half, 0))
    _port(c, rules, "e2", layer, wide, kdb.Trans(1, False, 0, half))
    return c


@plain_settings
@gf.cell(set_name=False)
def wire_step(
    process: str = "ebeam", layer: str = "m3", width1: float = 0.1, width2: float = 0.2
) -> gf.Component:  # fmt: skip
    """A wire that changes its width, from port e1 at the origin to e2 on its right.

    Pins may be of any width; the wire is drawn a grid step narrower than its port where that puts its middle on the
    grid, and as wide as the rules ask where the port is narrower.

    Args:
        process: preset name, or the key of a process in use.
        layer: metal.
        width1: at e1, µm.
        width2: at e2, µm.

    Raises:
        InputError: an unknown metal.
    """
    rules = rules_of(process)
    _refuse_unknown(rules, layer)
    c = gf.Component()
    c.name = cell_name("wire_step", process, layer, width1, width2)
    drawn = [_drawn(c, rules, layer, width) for width in (width1, width2)]
    long = min(drawn)
    for k, wide in enumerate(drawn):
        _box(c, rules, layer, kdb.Box(k * long, -wide // 2, (k + 1) * long, wide // 2))
    _port(c, rules, "e1", layer, c.kcl.to_dbu(width1), kdb.Trans(2, False, 0, 0))
    _port(c, rules, "e2", layer, c.kcl.to_dbu(width2), kdb.Trans(0, False, 2 * long, 0))
    return c


@plain_settings
@gf.cell(set_name=False)
def wire_via(
    process: str = "ebeam", lower: str = "m3", upper: str = "m5", width1: float = 0.1, width2: float = 0.1
) -> gf.Component:  # fmt: skip
    """A wire that changes its metal: from port e1 on the lower one, at the origin, to e2 on the upper one.

    As many vias as fit on the narrower of the two wires, at least one; landings are as wide as the rules ask.

    Args:
        process: preset name, or the key of a process in use.
        lower: metal of e1.
        upper: metal of e2.
        width1: at e1, µm.
        width2: at e2, µm.

    Raises:
        InputError: metals that are not in rising order, or that the process lacks.
    """
    rules = rules_of(process)
    if missing := [name for name in (lower, upper) if name not in rules.process.layers or name not in WIRES]:
        raise InputError(f"wire_via: no metal {shown(missing[0])}; allowed: {', '.join(_metals(rules))}")
    c, scale = gf.Component(), dbu_per_step(rules.process)
    c.name = cell_name("wire_via", process, lower, upper, width1, width2)
    wide1, wide2 = _drawn(c, rules, lower, width1), _drawn(c, rules, upper, width2)
    cuts, landing = stack_rects(rules, lower, upper, *[_cuts(rules, lower, upper, min(wide1, wide2) // scale)] * 2)
    half = scale * max(max(-box.x0, box.x1) for box in landing.values())
    for layer, box in [*cuts, *landing.items()]:
        _box(c, rules, layer, kdb.Box(*(scale * v for v in box)).moved(half, 0))
    _box(c, rules, lower, kdb.Box(0, -wide1 // 2, half + scale * landing[lower].x1, wide1 // 2))
    _box(c, rules, upper, kdb.Box(half + scale * landing[upper].x0, -wide2 // 2, 2 * half, wide2 // 2))
    _port(c, rules, "e1", lower, c.kcl.to_dbu(width1), kdb.Trans(2, False, 0, 0))
    _port(c, rules, "e2", upper, c.kcl.to_dbu(width2), kdb.Trans(0, False, 2 * half, 0))
    return c


def _cuts(rules: Rules, lower: str, upper: str, wide: int) -> int:
    """How many vias side by side a wire has room for, on every level."""
    count = MOST_SIDE_BY_SIDE
    for k in range(int(lower[1:]), int(upper[1:])):
        via = f"v{k}"
        margin = max(rules.enclosure(f"m{k}", via), rules.enclosure(f"m{k + 1}", via))
        count = min(count, (wide - 2 * margin + rules.space(via)) // (rules.width(via) + rules.space(via)))
    return max(1, count)


def _metals(rules: Rules) -> list[str]:
    return [wire for wire in WIRES if wire in rules.process.layers]


def _refuse_unknown(rules: Rules, layer: str) -> None:
    if layer not in _metals(rules):
        raise InputError(f"wire: no metal {shown(layer)}; allowed: {', '.join(_metals(rules))}")


def _width(process: str, layer: str, width: float) -> int:
    """A wire's width in database units.

    Raises:
        InputError: an unknown metal, off the grid, an odd number of steps, or below the minimum.
    """
    rules = rules_of(process)
    _refuse_unknown(rules, layer)
    steps = rules.wire(layer, width * 1e-6, (), f"width of {layer}")
    if steps % 2:
        grid = rules.process.grid * 1e9
        raise InputError(
            f"width of {layer}: {steps * grid:.6g} nm is an odd number of {grid:.6g} nm steps, so its middle is off "
            "the grid"
        )
    return steps * dbu_per_step(rules.process)


def _drawn(c: gf.Component, rules: Rules, layer: str, width: float) -> int:
    """What a port's wire is drawn as, in database units: as wide, or a step narrower where the grid asks for it."""
    double = 2 * dbu_per_step(rules.process)
    return int(max(c.kcl.to_dbu(width) // double * double, c.kcl.to_dbu(least_width(rules, layer))))


def _box(c: gf.Component, rules: Rules, layer: str, box: kdb.Box) -> None:
    if not box.empty() and box.area():
        c.kdb_cell.shapes(c.kcl.layer(*rules.process.layers[layer].gds)).insert(box)


def _port(c: gf.Component, rules: Rules, name: str, layer: str, width: int, trans: kdb.Trans) -> None:
    number = c.kcl.layer(*rules.process.layers[layer].gds)
    c.create_port(name=name, width=width * c.kcl.dbu, port_type="electrical", layer=number,
                  dcplx_trans=kdb.DCplxTrans(trans.to_dtype(c.kcl.dbu)))  # fmt: skip
