"""Planted mistakes that leave a net whole which is fed from both sides: a cut wire or trunk, an end without vias."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import klayout.db as kdb

from hwlib.checks import editing
from hwlib.checks.planter import Fault, Planter
from hwlib.nets import GROUND, RAIL, V_DW, parse_net


class _Trunk(NamedTuple):
    """A trunk, the layers of it and of its wires, and these."""

    net: str
    metal: str
    box: kdb.Box
    layer: str
    wires: list[kdb.Box]


def _trunk(planter: Planter) -> _Trunk | None:
    """A random trunk: the wire under a label of a net that has some."""
    view, classes = planter.view, {GROUND, V_DW, RAIL}
    label = planter.pick([x for x in view.drawing.labels if (net := parse_net(x.name)) and net.net_class in classes])
    here = kdb.Region(kdb.Box(label.x, label.y, label.x, label.y).enlarged(1, 1))
    box = view.regions[label.layer].interacting(here).bbox()
    layer = {"m2": "m3", "m3": "m2"}[label.layer]
    cuts = view.regions["v2"].interacting(kdb.Region(box))
    wires = sorted((wire.bbox() for wire in view.regions[layer].interacting(cuts).each()), key=str)
    return _Trunk(label.name, label.layer, box, layer, wires) if len(wires) > 1 else None


def _slit(planter: Planter, wire: kdb.Box, within: kdb.Box) -> kdb.Box | None:
    """A place across a wire without vias, within the part of it that a box takes."""
    part, width, flat = wire & within, 10 * planter.step, wire.width() >= wire.height()
    low, high = (part.left, part.right - width) if flat else (part.bottom, part.top - width)
    if low >= high:
        return None
    at = planter.between(low, high)
    slit = (
        kdb.Box(at, wire.bottom, at + width, wire.top) if flat else kdb.Box(wire.left, at, wire.right, at + width)
    )  # fmt: skip
    vias = planter.process.of_kind("via")
    return None if any(len(planter.view.hit(via, slit)) for via in vias) else slit


def _cut_wire(planter: Planter, layout: kdb.Layout) -> Fault | None:
    trunk = _trunk(planter)
    if trunk is None:
        return None
    centres = kdb.Box()
    for device in planter.view.devices:
        centres += kdb.Box(device.pillar.center(), device.pillar.center())
    wire = planter.pick(trunk.wires)
    beyond = planter.view.layout.top_cell().bbox()
    flat = trunk.layer == "m3"
    within = (
        kdb.Box(centres.left, beyond.bottom, centres.right, beyond.top) if flat
        else kdb.Box(beyond.left, centres.bottom, beyond.right, centres.top)
    )  # fmt: skip
    return _cut(planter, layout, "cut-wire", trunk.layer, _slit(planter, wire, within), f"a wire of {trunk.net} cut")


def _cut_trunk(planter: Planter, layout: kdb.Layout) -> Fault | None:
    trunk = _trunk(planter)
    if trunk is None:
        return None
    crossings = kdb.Region()
    for wire in trunk.wires:
        crossings.insert(wire & trunk.box)
    vias = planter.view.regions["v2"].interacting(crossings)
    slit = _slit(planter, trunk.box, vias.bbox())  # beyond the outermost no current is cut off
    return _cut(planter, layout, "cut-trunk", trunk.metal, slit, f"a trunk of {trunk.net} cut")


def _cut(
    planter: Planter, layout: kdb.Layout, kind: str, metal: str, slit: kdb.Box | None, what: str
) -> Fault | None:  # fmt: skip
    if slit is None:
        return None
    editing.carve(layout, planter.process, metal, slit)
    return planter.fault(kind, "lvs", ("lvs.wire",), slit, what)


def _end_without_vias(planter: Planter, layout: kdb.Layout) -> Fault | None:
    trunk = _trunk(planter)
    if trunk is None:
        return None
    end = planter.pick(trunk.wires) & trunk.box
    editing.carve(layout, planter.process, "v2", end)
    return planter.fault("end-without-vias", "lvs", ("lvs.wire",), end, f"v2 of {trunk.net} taken away at a trunk")


WIRE_FAULTS: dict[str, Callable[[Planter, kdb.Layout], Fault | None]] = {
    "cut-wire": _cut_wire,
    "cut-trunk": _cut_trunk,
    "end-without-vias": _end_without_vias,
}
