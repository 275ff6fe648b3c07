"""The N × N all-to-all crossbar: tiles as array references in row cells, rows and edges in one top cell."""

from __future__ import annotations

from hashlib import sha256

import gdsfactory as gf
import klayout.db as kdb
import numpy as np

from hwlib.argument_kinds import takes_kinds
from hwlib.cells.draw import dbu_per_step, draw, label
from hwlib.cells.shapes import Rect
from hwlib.cells.tiles import axon_tile, blank_tile, soma_tile
from hwlib.design import Design
from hwlib.process import Process
from hwlib.sections.wire_fields import MOST_WIDTHS
from hwlib.weight_styles import MAX_RAILS
from layouts.edges import foot_rects, side_rects
from layouts.floorplan import ABSENT, Floorplan, floorplan

LANDING_BITS = 5  # one a wire that may have a strap


@takes_kinds
def hopfield(design: Design, process: Process | None = None, *, labelled: bool = True) -> gf.Component:
    """Draw the crossbar of a design.

    The hierarchy is kept: a few distinct tiles, N row cells that refer to runs of them, one top cell with the net
    labels and the outline. Asked again for an equal design, it returns the same cell.

    Args:
        design: the design.
        process: instead of the one the design names.
        labelled: whether nets have labels.

    Returns:
        The top cell, without ports: sources attach at the labels (``layouts.pdk.macro`` has one with ports).

    Raises:
        InputError: a wire below its minimum width, or a device that does not fit the rules of the process.
    """
    plan = floorplan(design, process)
    digest = _digest(plan, labelled)
    name = f"{design.name}_{digest}"
    if gf.kcl.layout.has_cell(name):
        return gf.Component(base=gf.kcl[name].base)
    top = gf.Component()
    _Builder(plan, digest, top).build(labelled)
    top.name = name
    return top


def _digest(plan: Floorplan, labelled: bool) -> str:
    network = plan.design.network
    edges = [plan.side_trunks(west) for west in (True, False)], [plan.ground_trunk(south) for south in (True, False)]
    vias = [plan.vias_on(net, fed) for net, fed in plan.fed_nets()]
    settings = (
        plan.tile.spec, plan.design.name, network.neurons, network.weight_style, network.soma_placement, edges, vias,
    )  # fmt: skip
    digest = sha256(repr(settings if labelled else (*settings, "no labels")).encode())
    digest.update(plan.style.drawn_weights(plan))
    if not plan.design.topology.complete:
        digest.update(plan.joined.tobytes())
    digest.update(plan.landings.tobytes())
    for level in plan.tapering.values():
        digest.update(level.tobytes())
    digest.update(plan.order.tobytes() + plan.feeders[0].tobytes())
    return digest.hexdigest()[:8]


class _Builder:
    def __init__(self, plan: Floorplan, digest: str, top: gf.Component):
        self.plan, self.digest, self.top = plan, digest, top
        self.scale = dbu_per_step(plan.process)
        self._tiles: dict[int, int] = {}

    def build(self, labelled: bool) -> None:
        plan, t = self.plan, self.plan.tile
        ends = plan.tapering["dendrite"][:, 0, 0].tolist() if "dendrite" in plan.tapering else [0] * plan.n
        first = np.unique(plan.block, return_index=True)[1].tolist()  # row of each block
        west = {
            (k, b): self._plain(f"edge_west{k or ''}{f'_b{b}' * (b > 0)}", side_rects(plan, True, first[b], k))
            for k, b in sorted(set(zip(ends, plan.block.tolist(), strict=True)))
        }
        east = [
            self._plain(f"edge_east{f'_b{b}' * (b > 0)}", side_rects(plan, False, at)) for b, at in enumerate(first)
        ]
        x0, y0 = plan.origin
        all_codes = self._codes()
        # All tiles first: making a cell after thousands of references were placed makes klayout sort them again.
        for code, at in zip(*np.unique(all_codes, return_index=True), strict=True):
            self._tiles[int(code)] = self._tile(*divmod(int(at), plan.n))
        for i, codes in enumerate(all_codes):
            row = gf.Component()
            self._place(row, west[ends[i], int(plan.block[i])], 0, 0)
            self._fill(row, codes)
            self._place(row, east[plan.block[i]], x0 + plan.n * t.px, 0)
            draw(row, plan.process, plan.style.row_wires(plan, i))
            row.name = f"row_{i}_{self.digest}"
            self._place(self.top, row.cell_index(), 0, y0 + i * t.py)
        for name, south, y in (("edge_south", True, 0), ("edge_north", False, y0 + plan.n * t.py)):
            self._place(self.top, self._plain(name, foot_rects(plan, south)), x0, y, count=plan.n, pitch=t.px)
        draw(self.top, plan.process, [Rect("outline", plan.outline)])
        for one in plan.labels() if labelled else ():
            label(self.top, plan.process, one.layer, one.net, one.x, one.y)

    def _codes(self) -> np.ndarray:
        """One number per tile; tiles of equal number are the same cell."""
        row, column = self.plan.feeders
        codes: np.ndarray = (self.plan.ties.astype(np.int64) + 1) * 16 + row * 4 + column
        codes = (codes << LANDING_BITS) + self.plan.landings
        if len(self.plan.rails) > 1:  # blocks differ in the tracks that pass
            tracks = np.array([len(rails) for rails in self.plan.rails])
            codes = codes * (MAX_RAILS + 1) + tracks[self.plan.block][:, None]
        for levels in self.plan.tapering.values():
            for level in np.moveaxis(levels, -1, 0):  # numbered anew each time: all bits together are too many
                codes = np.unique(codes, return_inverse=True)[1].reshape(codes.shape) * MOST_WIDTHS + level
        return codes

    def _fill(self, row: gf.Component, codes: np.ndarray) -> None:
        """Insert the tiles of a row, equal neighbours as one array reference."""
        starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
        lengths = np.diff(np.append(starts, len(codes)))
        pitch, cell = self.plan.tile.px, row.kdb_cell
        places = (self.plan.origin[0] + starts * pitch) * self.scale
        # The row copies what it is given: to make a reference for every run takes longer than to change these two.
        one = kdb.CellInstArray(0, kdb.Trans())
        several = kdb.CellInstArray(0, kdb.Trans(), kdb.Vector(pitch * self.scale, 0), kdb.Vector(), 2, 1)
        for code, x, length in zip(codes[starts].tolist(), places.tolist(), lengths.tolist(), strict=True):
            run = one if length == 1 else several
            run.cell_index, run.trans = self._tiles[code], kdb.Trans(x, 0)
            if length > 1:
                run.na = length
            cell.insert(run)

    def _tile(self, row: int, column: int) -> int:
        """Cell index of the tile at a place."""
        tie, wiring = int(self.plan.ties[row, column]), self.plan.wiring(row, column)
        own = self.plan.style.tag(self.plan, tie if 0 <= tie < ABSENT else -1, row, column)
        landed = "".join(f"s{wire}" for wire in wiring.landings)
        narrowed = "".join(f"t{wire[0]}{'_'.join(map(str, levels))}" for wire, levels in wiring.narrowed)
        tag = "_".join(f for f in (own, *self._feeder_tags(wiring), landed, narrowed) if f)
        cell = soma_tile if tie < 0 else axon_tile if tie < ABSENT else blank_tile
        return int(cell(tile=self.plan.tile.spec, wiring=wiring, tag=tag).cell_index())

    def _feeder_tags(self, wiring) -> tuple[str, str]:
        row = "" if wiring.row_feeder == "none" else "r" + wiring.row_feeder[0]
        column = "" if wiring.column_feeder == "none" else "c" + wiring.column_feeder[0]
        return row, column

    def _plain(self, name: str, rects: list[Rect]) -> int | None:
        """Cell index of an edge; None of one without anything."""
        if not rects:
            return None
        cell = draw(gf.Component(), self.plan.process, rects)
        cell.name = f"{name}_{self.digest}"
        return int(cell.cell_index())

    def _place(self, parent: gf.Component, cell: int | None, x: int, y: int, *, count: int = 1, pitch: int = 0) -> None:
        if cell is None:
            return
        place, step = kdb.Trans(x * self.scale, y * self.scale), kdb.Vector(pitch * self.scale, 0)
        parent.kdb_cell.insert(kdb.CellInstArray(cell, place, step, kdb.Vector(), count, 1))
