"""The floorplan of a design's crossbar as numbers: tiles, edges, trunks and the places of the net labels.

Neuron i's dendrite is row i (counted from the bottom), its drive net column i (from the left); the soma is the tile on
the diagonal, the axon from neuron j onto neuron i the tile at row i, column j. Row and column edges surround the
array: V_DW and rail trunks on the west and east, ground trunks on the south and north.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hwlib.arrangement import strap_landings
from hwlib.cells.device_dimensions import DeviceSpec
from hwlib.cells.rules import Rules, process_key
from hwlib.cells.shapes import Box
from hwlib.cells.strap_dimensions import Span, StrapSpec
from hwlib.cells.tile_dimensions import Tile, TileSpec, tile_of
from hwlib.cells.tile_shapes import ColumnFeeder, RowFeeder, Wiring
from hwlib.design import Design
from hwlib.nets import DENDRITE, DRIVE, GROUND, V_DW
from hwlib.process import Process
from hwlib.weight_styles import rail_levels
from hwlib.weights import weight_levels
from layouts.labels import Label
from layouts.styles import DRAWN_STYLES, DrawnStyle

ROW_FEEDERS: tuple[RowFeeder, ...] = ("none", "through", "west", "east")
COLUMN_FEEDERS: tuple[ColumnFeeder, ...] = ("none", "through", "south", "north")
SOMA = -1  # in place of a tie: the tile of a soma …
ABSENT = 1 << 20  # … and one without a device, its wires only


@dataclass(frozen=True, eq=False)
class Floorplan:
    """Where everything of a crossbar lies; lengths in grid steps.

    Attributes:
        design: the design.
        process: its process.
        tile: dimensions of every tile.
        levels: weights as multiples of W, shape (N, N).
        style: how the weights are drawn.
    """

    design: Design
    process: Process
    tile: Tile
    levels: np.ndarray
    style: DrawnStyle

    @property
    def n(self) -> int:
        """Number of neurons."""
        return self.design.network.neurons

    @property
    def centre(self) -> int:
        """Row and column where centred somas feed their nets."""
        return self.n // 2

    @cached_property
    def rails(self) -> list[float]:
        """The distinct weights, ascending: the level of each rail where weights are on rails."""
        return rail_levels(self.levels, self.joined)

    @cached_property
    def joined(self) -> np.ndarray:
        """Where there is an axon, shape (N, N)."""
        return self.design.topology.joined

    # --- trunks ---

    @cached_property
    def vertical_trunks(self) -> dict[str, Span]:
        """Trunks (m2) of a side edge by net: distance from the array to their near and far side."""
        r, t = self.rules, self.tile
        wires = dict.fromkeys(self.style.trunks(self), t.weight_w) | {V_DW.net_name(): t.vdw_w}
        trunks, at = {}, r.space("m2")
        for name, wire in wires.items():
            width = max(r.landing("m2", "v2"), self._trunk_width(wire))
            trunks[name] = (at, at + width)
            at += width + r.space("m2")
        return trunks

    @cached_property
    def ground_trunk(self) -> Span:
        """Ground trunk (m3) of the south and north edge: distance from the array to its near and far side."""
        near = self.rules.space("m3")
        return near, near + max(self.rules.landing("m3", "v2"), self._trunk_width(self.tile.ground_w))

    def _trunk_width(self, wire: int) -> int:
        """Half the summed width of the N wires it feeds: they are fed from both ends, at equal current density."""
        return -(-self.n * wire // 2)

    @property
    def rules(self) -> Rules:
        """Rules of the process in grid steps."""
        return self.tile.rules

    @cached_property
    def side(self) -> int:
        """Width of the west and of the east edge."""
        return max(far for _, far in self.vertical_trunks.values()) + self.rules.space("m3")

    @cached_property
    def foot(self) -> int:
        """Height of the south and of the north edge."""
        return self.ground_trunk[1] + self.rules.space("m3")

    @property
    def outline(self) -> Box:
        """The whole macro."""
        return Box(0, 0, 2 * self.side + self.n * self.tile.px, 2 * self.foot + self.n * self.tile.py)

    # --- what stands where ---

    @cached_property
    def ties(self) -> np.ndarray:
        """Per tile, a number of what its strap is tied to, by the weight style; ``SOMA`` and ``ABSENT`` for others."""
        ties = np.where(self.joined, self.style.ties(self), ABSENT)
        np.fill_diagonal(ties, SOMA)
        return ties

    @cached_property
    def feeders(self) -> tuple[np.ndarray, np.ndarray]:
        """Per tile, index into ``ROW_FEEDERS`` and ``COLUMN_FEEDERS``."""
        n, c = self.n, self.centre
        row = np.zeros((n, n), np.int8)
        if self.design.network.soma_placement == "centred":
            i, j = np.ogrid[:n, :n]
            row[(np.minimum(i, c) < j) & (j < np.maximum(i, c))] = 1
            others = np.arange(n) != c
            before = np.arange(n) < c
            row[others, c] = np.where(before, 2, 3)[others]
            row[np.diag_indices(n)] = np.where(before, 3, 2) * others
        # The column picture is the row picture mirrored on the diagonal: south for west, north for east.
        return row, row.T.copy()

    @cached_property
    def landings(self) -> np.ndarray:
        """Per tile, bit k is set where strap k of the tile (``Tile.straps``) is joined to its wire."""
        bits = np.zeros((self.n, self.n), np.int64)
        for k, wire in enumerate(self.tile.straps):
            bits |= strap_landings(self.design.network, wire).astype(np.int64) << k
        return bits

    def wiring(self, tie: int, row_feeder: int, column_feeder: int, column: int, landings: int) -> Wiring:
        """What distinguishes the tile with these codes in this column."""
        own = self.style.tie(self, tie if 0 <= tie < ABSENT else -1, column)
        feeders = ROW_FEEDERS[row_feeder], COLUMN_FEEDERS[column_feeder]
        landed = tuple(wire for k, wire in enumerate(self.tile.straps) if landings >> k & 1)
        return Wiring(own.through, own.track, own.side, *feeders, landed)

    # --- labels ---

    def labels(self) -> list[Label]:
        """One label per net and place where its source attaches.

        Dendrites at the edge's end of their wire, drives at the column's north end, V_DW, ground and what else has
        trunks at the end of each of its two (they are joined outside the macro); the style labels the rest.
        """
        t, n = self.tile, self.n
        tail = self.rules.width("m3") // 2
        tail_v = self.rules.width("m2") // 2
        right = self.outline.x1
        labels = []
        for i in range(n):
            y0 = self.foot + i * t.py
            top = t.straps["dendrite"].spec.metal if "dendrite" in t.straps else "m3"  # where most current enters
            labels.append(Label(top, DENDRITE.net_name(i), tail, y0 + sum(t.dendrite) // 2))
            x = self.side + i * t.px + t.origin[0] + sum(t.drive) // 2
            labels.append(Label("m2", DRIVE.net_name(i), x, self.foot + n * t.py - tail_v))
            labels += self.style.labels(self, i, y0)
        for net, (near, far) in self.vertical_trunks.items():
            middle = (near + far) // 2
            for x in (self.side - middle, right - self.side + middle):
                labels.append(Label("m2", net, x, self.foot + tail_v))
        middle = sum(self.ground_trunk) // 2
        for y in (self.foot - middle, self.outline.y1 - self.foot + middle):
            labels.append(Label("m3", GROUND.net_name(), self.side + tail, y))
        return labels


def floorplan(design: Design, process: Process | None = None) -> Floorplan:
    """Plan the crossbar of a design.

    Args:
        design: the design.
        process: instead of the one the design names.

    Raises:
        InputError: a wire below its minimum width, or a device that does not fit the rules of the process.
    """
    process = process or design.load_process()
    network, device = design.network, design.device
    levels = weight_levels(design)
    style = DRAWN_STYLES[network.weight_style]
    spec = TileSpec(
        device=DeviceSpec(
            process_key(process), device.track_length, device.track_width, device.pillar_width, device.pillar_position
        ),
        tracks=style.tracks(levels, design.topology.joined),
        centred=network.soma_placement == "centred",
        dendrite_width=network.dendrite_width, drive_width=network.drive_width, ground_width=network.ground_width,
        weight_width=network.weight_width, vdw_width=network.vdw_width,
        straps=tuple(
            StrapSpec(wire, strap.metal, strap.width, strap.vias) for wire, strap in network.straps.given().items()
        ),
    )  # fmt: skip
    return Floorplan(design, process, tile_of(spec), levels, style)
