"""Faults planted on clean layouts: each is one local mistake, and knows which check must find it and where."""

from __future__ import annotations

from collections.abc import Callable

import klayout.db as kdb
import numpy as np

from hwlib.checks import editing
from hwlib.checks.flat_view import DrawnDevice
from hwlib.checks.planter import Fault, Planter
from hwlib.checks.slips import SLIPS
from hwlib.checks.strap_faults import STRAP_FAULTS
from hwlib.checks.wire_faults import WIRE_FAULTS

_TRIES = 40


def _short(planter: Planter, layout: kdb.Layout) -> Fault | None:
    name = planter.pick(planter.used)
    gap = planter.facing(name)
    if gap is None:
        return None
    box = gap[0].enlarged(2 * planter.step if gap[1] else 0, 0 if gap[1] else 2 * planter.step)
    nets = planter.nets_at(name, box)
    if len(nets) != 2 or "" in nets:
        return None
    editing.add(layout, planter.process, name, box)
    return planter.fault("short", "lvs", ("lvs.short",), box, f"{name} joins {' and '.join(sorted(nets))}")


def _too_close(planter: Planter, layout: kdb.Layout) -> Fault | None:
    name = planter.pick(planter.used)
    gap = planter.facing(name)
    if gap is None:
        return None
    limit, (box, sideways) = planter.steps(planter.process.layers[name].min_space), gap
    left = planter.between(max(limit // 2, 1), limit - 1)
    if sideways:
        grown = kdb.Box(box.left - 2 * planter.step, box.bottom, box.right - left, box.top)
    else:
        grown = kdb.Box(box.left, box.bottom - 2 * planter.step, box.right, box.top - left)
    if len(planter.view.hit(name, grown)) < 1:
        return None
    editing.add(layout, planter.process, name, grown)
    return planter.fault("too-close", "drc", (f"{name}.space",), box, f"{name} {left} dbu apart, {limit} required")


def _open(planter: Planter, layout: kdb.Layout) -> Fault | None:
    view = planter.view
    conductors = [view.shapes.layers.index(name) for name in planter.used]
    index = planter.pick(np.flatnonzero(np.isin(view.shapes.layer, conductors)))
    box, width = view.box(int(index)), 20 * planter.step
    along = box.width() if box.width() >= box.height() else box.height()
    if along < 3 * width:
        return None
    start = planter.between(1, along - width - 1)
    if box.width() >= box.height():
        cut = kdb.Box(box.left + start, box.bottom, box.left + start + width, box.top)
    else:
        cut = kdb.Box(box.left, box.bottom + start, box.right, box.bottom + start + width)
    name = view.layer(int(index))
    if name == "read" and len(view.hit("pillar", cut)):  # that would break the device, not the net
        return None
    if not view.separates(int(index), cut):
        return None
    editing.carve(layout, planter.process, name, cut)
    rules = ("lvs.open", "lvs.label")
    return planter.fault("open", "lvs", rules, cut, f"{name} of {view.name(int(view.net[index]))} cut")


def _missing_via(planter: Planter, layout: kdb.Layout) -> Fault | None:
    view = planter.view
    vias = [view.shapes.layers.index(name) for name in planter.process.of_kind("via")]
    index = int(planter.pick(np.flatnonzero(np.isin(view.shapes.layer, vias))))
    name, box = view.layer(index), view.box(index)
    if name == "vt":
        rules: tuple[str, ...] = ("lvs.device",)
    elif view.separates(index):
        rules = ("lvs.open", "lvs.label")
    else:
        return None
    editing.carve(layout, planter.process, name, box)
    return planter.fault("missing-via", "lvs", rules, box, f"{name} taken away")


def _swapped(planter: Planter, layout: kdb.Layout) -> Fault | None:
    device = planter.device()
    if device is None:
        return None
    editing.carve(layout, planter.process, "pin", device.pin)
    shift = device.drain.center() - device.source.center()
    margin = device.pin.center() - device.source.center()
    mirrored = device.pin.moved(shift.x - 2 * margin.x, shift.y)
    editing.add(layout, planter.process, "pin", mirrored)
    return planter.fault("swapped-terminals", "lvs", ("lvs.swapped",), device.track, "pin marker on the other end")


def _pillar(planter: Planter, layout: kdb.Layout, kind: str, box: kdb.Box, device: DrawnDevice, what: str) -> Fault:
    editing.carve(layout, planter.process, "pillar", device.pillar)
    editing.add(layout, planter.process, "pillar", box)
    return planter.fault(kind, "lvs", ("lvs.size",), device.pillar, what)


def _shrunk_pillar(planter: Planter, layout: kdb.Layout) -> Fault | None:
    device = planter.device()
    if device is None:
        return None
    box = device.pillar
    cut = min(planter.between(1, 5) * planter.step, min(box.width(), box.height()) - planter.step)
    if planter.rng.random() < 0.5:
        small = kdb.Box(box.left + cut, box.bottom, box.right, box.top)
        fault = _pillar(planter, layout, "shrunk-pillar", small, device, f"pillar {cut} dbu narrower")
        if small.width() < planter.steps(planter.process.layers["pillar"].min_width) and planter.rng.random() < 0.5:
            return Fault(fault.kind, "drc", ("pillar.width",), fault.place, fault.detail)
        return fault
    small = kdb.Box(box.left, box.bottom + cut, box.right, box.top)
    return _pillar(planter, layout, "shrunk-pillar", small, device, f"pillar {cut} dbu shorter")


def _shifted_pillar(planter: Planter, layout: kdb.Layout) -> Fault | None:
    device = planter.device()
    if device is None:
        return None
    far = min(planter.between(1, 8) * planter.step, device.pillar.width() - planter.step)  # it stays under its read
    shift = far * int(planter.pick([-1, 1]))
    if planter.rng.random() < 0.5:
        return _pillar(planter, layout, "shifted-pillar", device.pillar.moved(shift, 0), device, f"by {shift} along")
    moved = device.pillar.moved(0, shift)
    if device.track.contains(moved.p1) and device.track.contains(moved.p2):
        return None
    fault = _pillar(planter, layout, "shifted-pillar", moved, device, f"by {shift} across")
    return Fault(fault.kind, "drc", ("track.encloses.pillar",), fault.place, fault.detail)


def _narrowed(planter: Planter, layout: kdb.Layout) -> Fault | None:
    view, name = planter.view, planter.pick(planter.used)
    limit = planter.steps(planter.process.layers[name].min_width)
    index = planter.pick(np.flatnonzero(view.shapes.layer == view.shapes.layers.index(name)))
    box, length = view.box(int(index)), limit
    flat = box.width() >= box.height()
    along, width = (box.width(), box.height()) if flat else (box.height(), box.width())
    if along < 3 * length or width < limit:
        return None
    start, rest = planter.between(length, along - 2 * length), limit - planter.between(1, max(limit // 3, 1))
    if flat:
        notch = kdb.Box(box.left + start, box.bottom + rest, box.left + start + length, box.top)
        around = kdb.Box(notch.left - length // 2, box.bottom - 1, notch.right + length // 2, box.top + 1)
    else:
        notch = kdb.Box(box.left + rest, box.bottom + start, box.right, box.bottom + start + length)
        around = kdb.Box(box.left - 1, notch.bottom - length // 2, box.right + 1, notch.top + length // 2)
    if len(view.hit(name, around)) != 1:  # a neighbour of the same layer could make the wire wide enough
        return None
    editing.carve(layout, planter.process, name, notch)
    return planter.fault("narrowed-wire", "drc", (f"{name}.width",), notch, f"{name} {rest} dbu wide, {limit} required")


def _wrong_programming(planter: Planter, layout: kdb.Layout) -> Fault | None:
    """The vias from a weight strap to its rail or line, put on a neighbouring one instead."""
    view, device = planter.view, planter.device()
    if device is None:
        return None
    centre = device.pillar.center()
    net = int(view.net[view.shapes.at([("pillar", centre.x, centre.y)])[0]])
    if not view.name(net).startswith("w_"):
        return None
    column = device.pillar.enlarged(8 * planter.step, 0)
    reach = planter.steps(planter.process.layers["m3"].min_width) * 60
    vias = [
        view.box(int(k)) for k in view.hit("v2", column.enlarged(0, reach)) if view.net[k] == net
    ]  # fmt: skip
    vias.sort(key=lambda box: abs(box.center().y - centre.y))
    if not vias:
        return None
    via = vias[0]
    lanes = {
        k: view.box(int(k)) for k in view.hit("m3", via.enlarged(0, reach // 4)).tolist()
        if view.net[k] != net and view.name(int(view.net[k])).startswith("w_")
    }  # fmt: skip
    target = planter.pick(list(lanes))
    if target is None:
        return None
    (metal,) = view.regions["m2"].interacting(kdb.Region(via)).each()
    (lane,) = view.regions["m3"].interacting(kdb.Region(via)).each()
    both = metal.bbox() & lane.bbox()  # by currents there are several vias
    row = [view.box(int(k)) for k in view.hit("v2", both) if view.net[k] == net]
    moves = [(box, box.moved(0, lanes[target].center().y - box.center().y)) for box in row]
    strap = kdb.Box()
    for box, moved in moves:
        strap += (box + moved).enlarged(5 * planter.step, 5 * planter.step)
    if {int(view.net[k]) for k in view.hit("m2", strap)} != {net}:
        return None
    editing.add(layout, planter.process, "m2", strap)
    for box, _ in moves:
        editing.carve(layout, planter.process, "v2", box)
    for _, moved in moves:
        editing.add(layout, planter.process, "v2", moved)
    detail = f"weight via of {view.name(net)} put on {view.name(int(view.net[target]))}"
    return planter.fault("wrong-programming", "lvs", ("lvs.weight",), moves[0][1], detail)


def _wrong_size(planter: Planter, layout: kdb.Layout) -> Fault | None:
    device = planter.device()
    if device is None:
        return None
    by = planter.between(2, 6) * planter.step
    if planter.rng.random() < 0.5:
        track = device.track
        strip = kdb.Box(track.left, track.top - by, track.right, track.top)
        editing.carve(layout, planter.process, "track", strip)
        what = f"track {by} dbu narrower"
    else:
        outward = 1 if device.drain.center().x > device.source.center().x else -1
        editing.carve(layout, planter.process, "vt", device.drain)
        editing.add(layout, planter.process, "vt", device.drain.moved(outward * by, 0))
        what = f"track {by} dbu longer"
    return planter.fault("wrong-size", "lvs", ("lvs.size",), device.track, what)


KINDS: dict[str, Callable[[Planter, kdb.Layout], Fault | None]] = {
    "short": _short,
    "open": _open,
    "missing-via": _missing_via,
    "swapped-terminals": _swapped,
    "shrunk-pillar": _shrunk_pillar,
    "shifted-pillar": _shifted_pillar,
    "narrowed-wire": _narrowed,
    "too-close": _too_close,
    "wrong-programming": _wrong_programming,
    "wrong-size": _wrong_size,
    **SLIPS,
    **STRAP_FAULTS,
    **WIRE_FAULTS,
}


def plant(planter: Planter, kind: str) -> tuple[kdb.Layout, Fault] | None:
    """A copy of the layout with one fault of a kind; None when the layout has no place for it."""
    for _ in range(_TRIES):
        layout = planter.view.layout.dup()
        fault = KINDS[kind](planter, layout)
        if fault is not None:
            return layout, fault
    return None
