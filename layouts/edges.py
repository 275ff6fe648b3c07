"""Edges of the array: side edges with the V_DW and rail trunks and the pins, ground trunks below and above."""

from __future__ import annotations

from hwlib.cells.shapes import Box, Rect, via_grid
from hwlib.nets import V_DW
from layouts.floorplan import Floorplan

MOST_VIAS = 8  # per crossing of a trunk and a wire; more add resistors, not conductance: the wire's end dominates


def side_rects(plan: Floorplan, west: bool) -> list[Rect]:
    """One row's piece of the west or east edge, in its own coordinates (x from 0 to ``plan.side``)."""
    t, r = plan.tile, plan.rules
    rects = [Rect("m3", Box(0, t.dendrite[0], plan.side, t.dendrite[1]))] if west else []
    wires = {net: t.tracks[track] for net, track in plan.style.trunks(plan).items()} | {V_DW.net_name(): t.vdw}
    margin = max(r.enclosure("m2", "v2"), r.enclosure("m3", "v2"))
    for net, (near, far) in plan.vertical_trunks.items():
        y0, y1 = wires[net]
        x0, x1 = (plan.side - far, plan.side - near) if west else (near, far)
        rects.append(Rect("m2", Box(x0, 0, x1, t.py)))
        rects.append(Rect("m3", Box(x0, y0, plan.side, y1) if west else Box(0, y0, x1, y1)))
        vias = via_grid(Box(x0, y0, x1, y1), r.width("v2"), r.space("v2"), margin, MOST_VIAS)
        rects += [Rect("v2", via) for via in vias]
    return [*rects, *(Rect("m3", Box(0, y0, plan.side, y1)) for y0, y1 in plan.style.tracks_out(plan, west))]


def foot_rects(plan: Floorplan, south: bool) -> list[Rect]:
    """One column's piece of the south or north edge, in its own coordinates (y from 0 to ``plan.foot``)."""
    t, r = plan.tile, plan.rules
    near, far = plan.ground_trunk
    y0, y1 = (plan.foot - far, plan.foot - near) if south else (near, far)
    x0, x1 = (x + t.origin[0] for x in t.ground)
    column = Box(x0, y0, x1, plan.foot) if south else Box(x0, 0, x1, y1)
    margin = max(r.enclosure("m2", "v2"), r.enclosure("m3", "v2"))
    vias = via_grid(Box(x0, y0, x1, y1), r.width("v2"), r.space("v2"), margin, MOST_VIAS)
    return [Rect("m3", Box(0, y0, t.px, y1)), Rect("m2", column), *(Rect("v2", via) for via in vias)]
