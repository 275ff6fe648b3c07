"""Rectangles of the axon tile and the soma tile, in tile coordinates (grid steps)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hwlib.cells.rules import rules_of
from hwlib.cells.shapes import Box, Rect, moved
from hwlib.cells.tile_dimensions import Levels, Span, Tile

RowFeeder = Literal["none", "through", "west", "east"]
ColumnFeeder = Literal["none", "through", "south", "north"]


@dataclass(frozen=True)
class Wiring:
    """What distinguishes one tile of a crossbar from another.

    Attributes:
        through: first and one past the last weight track that crosses the whole tile.
        tie: the weight track that the pillar's strap is tied to; None in a soma.
        side: the tie's track crosses the tile (``both``) or leaves it on one side only.
        row_feeder: feeder wire beside the dendrite: absent, passing, or coming in from that side and joining the
            dendrite here. In a soma tile: the side it leaves to (``none``: the soma sits on the dendrite).
        column_feeder: the same beside the drive column.
        landings: wires whose straps are joined to them here.
        narrowed: tapered wires by name: by how many steps they have narrowed here, and at either border of the tile,
            the lower or left one first.
    """

    through: Span = (0, 0)
    tie: int | None = None
    side: Literal["both", "west", "east"] = "both"
    row_feeder: RowFeeder = "none"
    column_feeder: ColumnFeeder = "none"
    landings: tuple[str, ...] = ()
    narrowed: tuple[tuple[str, Levels], ...] = ()

    def levels(self, wire: str) -> Levels:
        """By how many steps a wire has narrowed, here and at the borders."""
        return dict(self.narrowed).get(wire, (0, 0, 0))


def axon_rects(t: Tile, wiring: Wiring) -> list[Rect]:
    """An axon: its track between drive and ground column, its pillar tied to a weight track, read by the dendrite."""
    r = rules_of(t.spec.device.process)
    rects = [
        Rect("m1", t.in_bar), Rect("v1", t.in_v1), Rect("m1", t.top_pad), *t.pillar_v1.rects(),
        Rect("read", Box(t.device.read.x0, t.island_read.y0, t.device.read.x1, t.low + t.device.read.y1)),
        Rect("read", t.island_read), *t.dendrite_vr.rects(), Rect("m1", t.island_m1), *t.dendrite_v1.rects(),
        Rect("m2", t.island_m2), *t.dendrite_v2.rects(),
    ]  # fmt: skip
    strap = t.strap
    if wiring.tie is not None:
        vias = t.track_v2[wiring.tie]
        strap = strap.joined(r.pad("m2", "v2", vias.whole))
        rects += vias.rects()
    rects.append(Rect("m2", strap))
    return _device(t) + moved(rects, t.origin[0], 0) + blank_rects(t, wiring)


def blank_rects(t: Tile, wiring: Wiring) -> list[Rect]:
    """A tile without a device: the wires that cross it, and feeders that join them here."""
    rects = _wires(t, wiring)
    if wiring.row_feeder in ("west", "east"):
        rects += _join_dendrite(t, wiring.row_feeder)
    if wiring.column_feeder in ("south", "north"):
        rects += _join_drive(t, wiring.column_feeder)
    return rects


def soma_rects(t: Tile, wiring: Wiring) -> list[Rect]:
    """A soma: its track from the dendrite to ground, its pillar between V_DW and the drive column."""
    r, d = rules_of(t.spec.device.process), t.device
    down = Box(d.in_pad.x0, t.island_m1.y0, d.in_pad.x1, t.low + d.in_pad.y1)
    across = Box(min(d.in_pad.x0, t.island_m1.x0), t.island_m1.y0, t.island_m1.x1, t.island_m1.y1)
    ties = t.direct_v1 if wiring.column_feeder == "none" else t.soma_v1
    bar_left = r.pad("m1", "v1", ties.whole).x0
    bar_right = r.pad("m1", "vr", t.soma_vr.whole).x1
    strap = t.strap.joined(r.pad("m2", "v2", t.vdw_v2.whole))
    leaves = wiring.row_feeder != "none"
    rects = [
        Rect("m1", down), Rect("m1", across), *t.dendrite_v1.rects(),
        Rect("m2", t.feeder_m2 if leaves else t.island_m2), *(t.feeder_v2 if leaves else t.dendrite_v2).rects(),
        Rect("m1", t.top_pad), *t.pillar_v1.rects(), Rect("m2", strap), *t.vdw_v2.rects(),
        Rect("read", Box(d.read.x0, t.low + d.read.y0, d.read.x1, t.soma_read.y1)),
        Rect("read", t.soma_read), *t.soma_vr.rects(),
        Rect("m1", Box(bar_left, t.soma_bar[0], bar_right, t.soma_bar[1])), *ties.rects(),
    ]  # fmt: skip
    rects = _device(t) + moved(rects, t.origin[0], 0) + _wires(t, wiring)
    if leaves:
        end = r.pad("m3", "v2", t.feeder_v2.whole).moved(t.origin[0], 0)
        rects.append(_toward(t, wiring.row_feeder, t.row_feeder, end.x0, end.x1))
    if wiring.column_feeder != "none":
        x0, x1 = (x + t.origin[0] for x in t.column_feeder)
        end = r.pad("m2", "v1", t.soma_v1.whole)
        y0, y1 = (0, end.y1) if wiring.column_feeder == "south" else (end.y0, t.py)
        rects.append(Rect("m2", Box(x0, y0, x1, y1)))
    return rects


def _device(t: Tile) -> list[Rect]:
    d = t.device
    pads = [Rect("m1", d.in_pad), Rect("m1", d.out_pad)]
    ground = [Rect("m1", t.out_bar.moved(t.origin[0], 0)), Rect("v1", t.out_v1.moved(t.origin[0], 0))]
    return moved(d.rects() + pads, *t.origin) + ground


def _wires(t: Tile, wiring: Wiring) -> list[Rect]:
    """Wires that cross the tile: columns, dendrite, V_DW rail, weight tracks, passing feeders, straps."""
    ox = t.origin[0]
    columns = [("drive", t.drive), ("ground", t.ground)]
    pieces = [piece for wire, span in columns for piece in t.pieces(wire, span, wiring.levels(wire), t.py)]
    rects = [Rect("m2", Box(x0 + ox, y0, x1 + ox, y1)) for (y0, y1), (x0, x1) in pieces]
    rows = [("dendrite", t.dendrite), ("vdw", t.vdw), *(("weight", x) for x in t.tracks[slice(*wiring.through)])]
    pieces = [piece for wire, span in rows for piece in t.pieces(wire, span, wiring.levels(wire), t.px)]
    if wiring.row_feeder == "through":
        pieces.append(((0, t.px), t.row_feeder))
    rects += [Rect("m3", Box(x0, y0, x1, y1)) for (x0, x1), (y0, y1) in pieces]
    if wiring.column_feeder == "through":
        x0, x1 = t.column_feeder
        rects.append(Rect("m2", Box(x0 + ox, 0, x1 + ox, t.py)))
    if wiring.tie is not None and wiring.side != "both":
        pad = rules_of(t.spec.device.process).pad("m3", "v2", t.track_v2[wiring.tie].whole)
        rects.append(_toward(t, wiring.side, t.tracks[wiring.tie], pad.x0 + ox, pad.x1 + ox))
    return rects + t.strap_rects(wiring.landings, wiring.through)


def _toward(t: Tile, side: str, span: Span, x0: int, x1: int) -> Rect:
    """A horizontal wire from x0…x1 to one edge of the tile."""
    return Rect("m3", Box(0, span[0], x1, span[1]) if side == "west" else Box(x0, span[0], t.px, span[1]))


def _join_dendrite(t: Tile, side: str) -> list[Rect]:
    """The row feeder's end, and the patch that joins it to the dendrite."""
    x0 = t.axis + t.origin[0] - t.dendrite_w // 2
    x1 = x0 + t.dendrite_w
    feeder = _toward(t, side, t.row_feeder, x0, x1)
    return [feeder, Rect("m3", Box(x0, t.row_feeder[0], x1, t.dendrite[1]))]


def _join_drive(t: Tile, side: str) -> list[Rect]:
    """The column feeder's end, and the patch that joins it to the drive column."""
    ox, (x0, x1) = t.origin[0], t.column_feeder
    height = min(t.drive_w, t.py)
    low = (t.py - height) // 2
    span = (0, low + height) if side == "south" else (low, t.py)
    return [
        Rect("m2", Box(x0 + ox, span[0], x1 + ox, span[1])),
        Rect("m2", Box(x0 + ox, low, t.drive[1] + ox, low + height)),
    ]
