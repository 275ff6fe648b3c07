"""Planted mistakes of straps: a landing without a via, a strap that is cut, one on a wire of another net."""

from __future__ import annotations

from collections.abc import Callable

import klayout.db as kdb
import numpy as np

from hwlib.checks import editing
from hwlib.checks.planter import Fault, Planter


def _upper(planter: Planter) -> list[str]:
    """The metals of straps: all that are used above m3, and nothing else is there."""
    return [name for name in planter.used if name[1:].isdigit() and int(name[1:]) > 3]


def _shapes(planter: Planter, names: list[str]) -> np.ndarray:
    layers = planter.view.shapes.layers
    return np.flatnonzero(np.isin(planter.view.shapes.layer, [layers.index(name) for name in names]))


def _strap_via(planter: Planter, layout: kdb.Layout) -> Fault | None:
    index = planter.pick(_shapes(planter, [f"v{int(metal[1:]) - 1}" for metal in _upper(planter)]))
    if index is None:
        return None
    name, box = planter.view.layer(int(index)), planter.view.box(int(index))
    array = planter.view.regions["pillar"].bbox()
    if not box.inside(array):  # over a trunk or a pin: as many as fit, not counted
        return None
    editing.carve(layout, planter.process, name, box)
    return planter.fault("strap-via", "lvs", ("lvs.strap",), box, f"{name} of a strap taken away")


def _cut_strap(planter: Planter, layout: kdb.Layout) -> Fault | None:
    index = planter.pick(_shapes(planter, _upper(planter)))
    if index is None:
        return None
    name, box, width = planter.view.layer(int(index)), planter.view.box(int(index)), 10 * planter.step
    flat = box.width() >= box.height()
    if max(box.width(), box.height()) < planter.pitch or not box.overlaps(planter.view.regions["pillar"].bbox()):
        return None  # a pad between two vias, or over a trunk between many
    start = planter.between(round(0.2 * planter.pitch), max(box.width(), box.height()) - round(0.3 * planter.pitch))
    cut = (
        kdb.Box(box.left + start, box.bottom, box.left + start + width, box.top) if flat
        else kdb.Box(box.left, box.bottom + start, box.right, box.bottom + start + width)
    )  # fmt: skip
    sides = (kdb.Box(box.left, box.bottom, cut.right, cut.top), kdb.Box(cut.left, cut.bottom, box.right, box.top), cut)
    before, after, under = (len(planter.view.hit(f"v{int(name[1:]) - 1}", side)) for side in sides)
    if under or not (before and after):  # an end without a via is loose metal, not a strap in two
        return None
    editing.carve(layout, planter.process, name, cut)
    return planter.fault("cut-strap", "lvs", ("lvs.strap",), cut, f"a strap on {name} cut")


def _strap_on_wrong_net(planter: Planter, layout: kdb.Layout) -> Fault | None:
    """A via where a strap passes over metal of another net."""
    metal, view = planter.pick(_upper(planter)), planter.view
    if metal is None:
        return None
    below, via = f"m{int(metal[1:]) - 1}", f"v{int(metal[1:]) - 1}"
    size = planter.steps(planter.process.layers[via].size)
    strap = int(planter.pick(_shapes(planter, [metal])))
    over = view.box(strap)
    under = planter.pick([k for k in view.hit(below, over).tolist() if view.net[k] != view.net[strap]])
    if under is None:
        return None
    both = over & view.box(under)
    if min(both.width(), both.height()) < size or "" in {view.name(int(view.net[k])) for k in (strap, under)}:
        return None
    x, y = planter.between(both.left, both.right - size), planter.between(both.bottom, both.top - size)
    cut = kdb.Box(x, y, x + size, y + size)
    editing.add(layout, planter.process, via, cut)
    what = f"strap of {view.name(int(view.net[strap]))} joined to {view.name(int(view.net[under]))}"
    return planter.fault("strap-on-wrong-net", "lvs", ("lvs.short",), cut, what)


STRAP_FAULTS: dict[str, Callable[[Planter, kdb.Layout], Fault | None]] = {
    "strap-via": _strap_via,
    "cut-strap": _cut_strap,
    "strap-on-wrong-net": _strap_on_wrong_net,
}
