"""Planted slips of drawing: labels, cells and shapes that are there, but not as they should be."""

from __future__ import annotations

from collections.abc import Callable

import klayout.db as kdb
import numpy as np

from hwlib.checks import editing
from hwlib.checks.loose_metal import PITCHES
from hwlib.checks.places import places
from hwlib.checks.planter import Fault, Planter
from hwlib.drawing.hierarchy import prune
from hwlib.drawing.net_labels import NetLabel


def _crossing_polygon(planter: Planter, layout: kdb.Layout) -> Fault | None:
    """A bow tie or a loop within a wire: the metal stays what it was."""
    view, name = planter.view, planter.pick(planter.used)
    box = view.box(int(planter.pick(np.flatnonzero(view.shapes.layer == view.shapes.layers.index(name)))))
    size = 8 * planter.step
    if min(box.width(), box.height()) < size:
        return None
    x, y = planter.between(box.left, box.right - size), planter.between(box.bottom, box.top - size)
    low, mid, high = 0, 4 * planter.step, size
    tie = [(low, low), (high, high), (high, low), (low, high)]
    loop = [(low, low), (low, high), (high, high), (high, low)] * 2
    eight = [(low, low), (low, mid), (mid, mid), (high, mid), (high, high), (mid, high), (mid, mid), (mid, low)]
    points = planter.pick([tie, loop, eight])
    polygon = kdb.Polygon([kdb.Point(x + dx, y + dy) for dx, dy in points], True)
    layout.top_cell().shapes(layout.layer(*planter.process.layers[name].gds)).insert(polygon)
    detail = f"a polygon on {name} that crosses itself"
    return planter.fault("crossing-polygon", "drc", (f"{name}.simple",), polygon.bbox(), detail)


def _crossing_short(planter: Planter, layout: kdb.Layout) -> Fault | None:
    """Two nets joined by a figure of eight whose halves cancel, as a polygon of no area."""
    name = planter.pick(planter.used)
    gap = planter.facing(name)
    if gap is None:
        return None
    (box, sideways), by = gap, 2 * planter.step
    if len(nets := planter.nets_at(name, box.enlarged(1, 1))) != 2 or "" in nets:
        return None
    turn = kdb.Trans() if sideways else kdb.Trans(kdb.Trans.M45)
    flat = box.transformed(turn)
    middle, left, right = flat.center().y, flat.left - by, flat.right + by
    half = min(flat.height() // 2, right - left)
    points = [
        (left, middle - half), (left, middle), (right, middle), (right, middle + half), (left, middle + half),
        (left, middle), (right, middle), (right, middle - half),
    ]  # fmt: skip
    polygon = kdb.Polygon([turn.inverted() * kdb.Point(*p) for p in points], True)
    layout.top_cell().shapes(layout.layer(*planter.process.layers[name].gds)).insert(polygon)
    detail = f"{name} joins {' and '.join(sorted(nets))} by a figure of eight"
    return planter.fault("crossing-short", "lvs", ("lvs.short",), polygon.bbox(), detail)


def _label_in_air(planter: Planter, layout: kdb.Layout) -> Fault | None:
    label = planter.pick(planter.view.drawing.labels)
    box = planter.view.layout.top_cell().bbox()
    moved = NetLabel(
        label.name, label.layer, planter.between(box.left, box.right), planter.between(box.bottom, box.top)
    )
    if planter.view.drawing.on_metal(moved):
        return None
    editing.relabel(layout, planter.process, label, moved)
    place = kdb.Box(moved.x, moved.y, moved.x, moved.y)
    detail = f"label {label.name} moved to where no {label.layer} is"
    return planter.fault("label-off-metal", "lvs", ("lvs.label",), place, detail)


def _misspelt_label(planter: Planter, layout: kdb.Layout) -> Fault | None:
    """A remark instead of a name; the net itself may have another label, so that all there is may be a warning."""
    label = planter.pick(planter.view.drawing.labels)
    words = [label.name.upper(), label.name.replace("_", ""), f"{label.name} ", f"net {label.name}", f"{label.name}_"]
    text = planter.pick([word for word in words if word != label.name])
    editing.relabel(layout, planter.process, label, NetLabel(text, label.layer, label.x, label.y))
    place = kdb.Box(label.x, label.y, label.x, label.y)
    return planter.fault("misspelt-label", "lvs", ("lvs.label",), place, f"{label.name} spelt {text!r}", "warning")


def _deleted_row(planter: Planter, layout: kdb.Layout) -> Fault | None:
    pillar = layout.find_layer(*planter.process.layers["pillar"].gds)
    rows = [inst for inst in layout.top_cell().each_inst() if not inst.bbox(pillar).empty()]
    row = planter.pick(rows)
    if row is None or len(rows) < 2:
        return None
    box, top = row.bbox(pillar), layout.top_cell()
    row.delete()
    prune(layout, top)
    return planter.fault("deleted-row", "lvs", ("lvs.missing",), box, "a row of devices taken away")


def _doubled_cell(planter: Planter, layout: kdb.Layout) -> Fault | None:
    parents = [cell for cell in layout.each_cell() if not cell.is_leaf()]
    parent = planter.pick(parents)
    inst = planter.pick(list(parent.each_inst()))
    single = inst.cell_inst.dup()
    if single.is_regular_array():
        i, j = planter.between(0, single.na - 1), planter.between(0, max(single.nb, 1) - 1)
        single = kdb.CellInstArray(single.cell_index, kdb.Trans(single.a * i + single.b * j) * single.trans)
    parent.insert(single)
    box = single.bbox(layout).to_dtype(planter.unit).transformed(places(layout, parent)[0])
    detail = f"{inst.cell.name} in {parent.name} placed twice"
    return Fault("doubled-cell", "drc", ("layout.doubled",), box, detail, "warning")


def _free(planter: Planter, name: str, width: int, height: int) -> kdb.Box | None:
    """A box inside the layout with no metal of a layer near it; it does not reach the border."""
    space = planter.steps(planter.process.layers[name].min_space) + 1
    whole = planter.view.layout.top_cell().bbox().enlarged(-space, -space)
    if whole.width() <= width or whole.height() <= height:
        return None
    x = planter.between(whole.left, whole.right - width)
    y = planter.between(whole.bottom, whole.top - height)
    box = kdb.Box(x, y, x + width, y + height)
    near = planter.view.regions[name] & kdb.Region(box.enlarged(space, space))
    return box if near.is_empty() else None


def _floating(planter: Planter, layout: kdb.Layout) -> Fault | None:
    name = planter.pick(list(planter.process.of_kind("conductor")))
    width = planter.steps(planter.process.layers[name].min_width)
    box = _free(planter, name, width, planter.between(2, 5) * width)
    if box is None:
        return None
    editing.add(layout, planter.process, name, box)
    rules = ("lvs.floating",)
    return planter.fault("floating-metal", "lvs", rules, box, f"a piece of {name} beside all others", "warning")


def _dangling(planter: Planter, layout: kdb.Layout) -> Fault | None:
    """A wire one level above the highest, joined to it at one end only."""
    process, view = planter.process, planter.view
    metals = [name for name in process.of_kind("conductor") if name in planter.used]
    via = next((n for n, v in process.of_kind("via").items() if v.connects and v.connects[0] == metals[-1]), None)
    if via is None or not view.regions[via].is_empty():
        return None
    layer, above = process.layers[via], (process.layers[via].connects or ("", ""))[1]
    size, margin = planter.steps(layer.size), planter.steps(process.enclosure(above, via)) + 1
    lower = planter.steps(process.enclosure(metals[-1], via))
    wire = view.box(int(planter.pick(np.flatnonzero(view.shapes.layer == view.shapes.layers.index(metals[-1])))))
    if min(wire.width(), wire.height()) < size + 2 * lower:
        return None
    cut = kdb.Box(0, 0, size, size).moved(
        planter.between(wire.left + lower, wire.right - lower - size),
        planter.between(wire.bottom + lower, wire.top - lower - size),
    )
    length = round((PITCHES + 0.5) * planter.pitch) + 2 * margin
    pad = cut.enlarged(margin, margin)
    away = planter.pick([(length, 0), (-length, 0), (0, length), (0, -length)])
    stub = pad + pad.moved(*away)
    if not stub.enlarged(1, 1).inside(view.layout.top_cell().bbox()):
        return None
    if kdb.Region(stub).inside(view.regions[metals[-1]]).count():  # joined where they cross: not loose
        return None
    editing.add(layout, process, via, cut)
    editing.add(layout, process, above, stub)
    return planter.fault("dangling-wire", "lvs", ("lvs.dangling",), stub, f"{above} leads nowhere", "warning")


def _outside(planter: Planter, layout: kdb.Layout) -> Fault | None:
    name = planter.pick([n for n, layer in planter.process.layers.items() if layer.kind in ("conductor", "via")])
    outline = planter.view.drawing.region("outline").bbox()
    size = planter.steps(planter.process.layers[name].size or planter.process.layers[name].min_width)
    if outline.empty():
        return None
    x, y = planter.between(outline.left, outline.right - size), planter.between(outline.bottom, outline.top - size)
    by = planter.between(1, 5) * size
    box = kdb.Box(0, 0, size, size).moved(*planter.pick([
        (outline.right + by, y), (outline.left - by - size, y), (x, outline.top + by), (x, outline.bottom - by - size)
    ]))  # fmt: skip
    editing.add(layout, planter.process, name, box)
    rules = (f"{name}.outline",)
    return planter.fault("outside-outline", "drc", rules, box, f"{name} beyond the outline", "warning")


def _shape_on_labels(planter: Planter, layout: kdb.Layout) -> Fault | None:
    name = planter.pick([n for n, layer in planter.process.layers.items() if layer.label])
    cell = planter.pick(list(layout.each_cell()))
    box = kdb.Box(0, 0, 20 * planter.step, 30 * planter.step).moved(cell.bbox().left, cell.bbox().bottom)
    cell.shapes(layout.layer(*(planter.process.layers[name].label or ()))).insert(box)
    place = box.to_dtype(planter.unit).transformed(places(layout, cell)[0])
    return Fault("shape-on-labels", "drc", (f"{name}.label",), place, f"a box on the labels of {name}", "warning")


SLIPS: dict[str, Callable[[Planter, kdb.Layout], Fault | None]] = {
    "crossing-polygon": _crossing_polygon,
    "crossing-short": _crossing_short,
    "label-off-metal": _label_in_air,
    "misspelt-label": _misspelt_label,
    "deleted-row": _deleted_row,
    "doubled-cell": _doubled_cell,
    "floating-metal": _floating,
    "dangling-wire": _dangling,
    "outside-outline": _outside,
    "shape-on-labels": _shape_on_labels,
}
