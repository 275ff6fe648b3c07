"""Edges of the array: side edges with the V_DW and rail trunks and the pins, ground trunks below and above.

Straps go on over the edges as far as their wires do, and land on what they meet there: the pins of dendrites, the ends
of rows on trunks, the ground trunks.
"""

from __future__ import annotations

from hwlib.cells.shapes import Box, Rect, via_grid
from hwlib.cells.strap_dimensions import StrapStack, landing, middle_of
from hwlib.nets import GROUND, V_DW
from layouts.floorplan import MOST_VIAS, Floorplan


def side_rects(plan: Floorplan, west: bool, row: int, dendrite: int = 0) -> list[Rect]:
    """One row's piece of the west or east edge, in its own coordinates (x from 0 to the edge's width).

    Args:
        plan: of the crossbar.
        west: which edge.
        row: whose piece it is; rows of one block have equal ones.
        dendrite: by how many steps a tapered dendrite has narrowed there.
    """
    t, r, side = plan.tile, plan.rules, plan.side(west)
    rects = []
    if west:
        y0, y1 = t.narrowed("dendrite", t.dendrite, dendrite)
        rects.append(Rect("m3", Box(0, y0, side, y1)))
        rects += _row_strap(plan, "dendrite", Box(0, y0, side, y1), Box(0, y0, side, y1))
    wires = {net: t.tracks[track] for net, track in plan.style.trunks(plan).items()} | {V_DW.net_name(): t.vdw}
    trunks = plan.side_trunks(west)
    for net, fed in plan.fed_nets()[:-1]:
        name = "vdw" if net == V_DW.net_name() else "weight"
        y0, y1 = wires[net]
        on = plan.rows_on(net)
        if not on[row]:
            if net in trunks and on[row:].any():  # it passes, from its source below
                near, far = trunks[net]
                rects.append(Rect("m2", Box(side - far, 0, side - near, t.py) if west else Box(near, 0, far, t.py)))
            continue
        if net not in trunks:  # its rows end at the border of the macro
            level = plan.tapering[name][0, 0 if west else -1, 0] if name in plan.tapering else 0
            y0, y1 = t.narrowed(name, wires[net], int(level))
            rects += [Rect("m3", Box(0, y0, side, y1)), *_row_strap(plan, name, Box(0, y0, side, y1), None)]
            continue
        near, far = trunks[net]
        x0, x1 = (side - far, side - near) if west else (near, far)
        wire = Box(x0, y0, side, y1) if west else Box(0, y0, x1, y1)
        rects += [Rect("m2", Box(x0, 0, x1, t.py)), Rect("m3", wire)]
        rects += _row_strap(plan, name, wire, Box(x0, y0, x1, y1))
        vias = via_grid(Box(x0, y0, x1, y1), r.width("v2"), r.space("v2"), plan.via_margin, plan.vias_on(net, fed))
        rects += [Rect("v2", via) for via in vias]
    return rects


def foot_rects(plan: Floorplan, south: bool) -> list[Rect]:
    """One column's piece of the south or north edge, in its own coordinates (y from 0 to the edge's height)."""
    t, r, foot, trunk = plan.tile, plan.rules, plan.foot(south), plan.ground_trunk(south)
    if trunk is None:
        return []
    y0, y1 = (foot - trunk[1], foot - trunk[0]) if south else trunk
    x0, x1 = (x + t.origin[0] for x in t.ground)
    column = Box(x0, y0, x1, foot) if south else Box(x0, 0, x1, y1)
    most = plan.vias_on(GROUND.net_name(), plan.design.network.feeds.ground)
    vias = via_grid(Box(x0, y0, x1, y1), r.width("v2"), r.space("v2"), plan.via_margin, most)
    rects = [Rect("m3", Box(0, y0, t.px, y1)), Rect("m2", column), *(Rect("v2", via) for via in vias)]
    if "ground" in t.straps:
        left, right = middle_of(t.lanes["ground"], t.straps["ground"].width)
        up = _landing(t.straps["ground"], t.lanes["ground"], (y0 + y1) // 2, y1 - y0)
        if up:
            rects += [Rect(t.straps["ground"].spec.metal, Box(left, column.y0, right, column.y1)), *up]
    return rects


def _row_strap(plan: Floorplan, name: str, wire: Box, meets: Box | None) -> list[Rect]:
    """The strap over a row's end, and its vias within the box where the row meets a trunk or a pin, if it does.

    A trunk too narrow for a via up to the strap gets none: there the strap would lead nowhere. One of a dendrite is
    the pin itself.
    """
    stack = plan.tile.straps.get(name)
    if stack is None:
        return []
    centre = (wire.y0 + wire.y1) // 2
    low, high = middle_of(centre, stack.width)
    strap = Rect(stack.spec.metal, Box(wire.x0, low, wire.x1, high))
    if meets is None:
        return [strap]
    vias = _landing(stack, (meets.x0 + meets.x1) // 2, centre, meets.x1 - meets.x0)
    return [strap, *vias] if vias or name == "dendrite" else []


def _landing(stack: StrapStack, x: int, y: int, length: int) -> list[Rect]:
    """As many vias as stand in a length along the wire about a point, from m3 up to the strap."""
    count = next((k for k in range(MOST_VIAS, 0, -1) if stack.with_vias(k).period() <= length), 0)
    return landing(stack.with_vias(count), x, y) if count else []
