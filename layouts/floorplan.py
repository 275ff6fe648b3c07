"""The floorplan of a design's crossbar as numbers: tiles, edges, trunks and the places of the net labels.

Neuron i's dendrite is row i (counted from the bottom), its drive net column i (from the left); the soma is the tile on
the diagonal, the axon from neuron j onto neuron i the tile at row i, column j. Row and column edges surround the
array: V_DW and rail trunks on the west and east, ground trunks on the south and north.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from hwlib.arrangement import (
    block_of_neuron,
    block_of_row,
    joins,
    neuron_at,
    strap_landings,
    taper_levels,
    with_borders,
)
from hwlib.cells.device_dimensions import OF_FIELDS, DeviceSpec
from hwlib.cells.rules import DimensionError, Rules, process_key
from hwlib.cells.shapes import Box
from hwlib.cells.shortest_track import shortest_track
from hwlib.cells.strap_dimensions import Span, StrapSpec
from hwlib.cells.tile_dimensions import TaperSpec, Tile, TileSpec, tile_of
from hwlib.cells.tile_shapes import ColumnFeeder, RowFeeder, Wiring
from hwlib.design import Design
from hwlib.errors import LONGEST_LINE
from hwlib.nets import DENDRITE, DRIVE, GROUND, V_DW, parse_net
from hwlib.process import Process
from hwlib.weight_styles import rail_levels
from hwlib.weights import weight_levels
from layouts.labels import Label
from layouts.styles import DRAWN_STYLES, DrawnStyle
from layouts.tile_currents import via_counts
from layouts.trunk_currents import TrunkCurrent, trunk_currents

ROW_FEEDERS: tuple[RowFeeder, ...] = ("none", "through", "west", "east")
COLUMN_FEEDERS: tuple[ColumnFeeder, ...] = ("none", "through", "south", "north")
MOST_VIAS = 8  # per crossing of a trunk and a wire; more add resistors, not conductance: the wire's end dominates
SOMA = -1  # in place of a tie: the tile of a soma …
ABSENT = 1 << 20  # … and one without a device, its wires only


@dataclass(frozen=True, eq=False)
class Floorplan:
    """Where everything of a crossbar lies; lengths in grid steps.

    Attributes:
        design: the design.
        process: its process.
        tile: dimensions of every tile.
        levels: weights as multiples of W by row and column, shape (N, N).
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

    @cached_property
    def order(self) -> np.ndarray:
        """The neuron in each row and column, shape (N,)."""
        return neuron_at(self.design.network)

    @cached_property
    def block(self) -> np.ndarray:
        """The block that each row is in, shape (N,)."""
        return block_of_row(self.design.network)

    @cached_property
    def rails(self) -> list[list[float]]:
        """The distinct weights of each block of rows, ascending: the level of each rail where weights are on rails."""
        blocks = (self.block == k for k in range(self.design.network.rail_blocks))
        return [rail_levels(self.levels[rows], self.joined[rows]) for rows in blocks]

    @cached_property
    def joined(self) -> np.ndarray:
        """Where there is an axon, by row and column, shape (N, N)."""
        return self.design.topology.joined[np.ix_(self.order, self.order)]

    # --- trunks ---

    def side_trunks(self, west: bool) -> dict[str, Span]:
        """Trunks (m2) of a side edge by net: distance from the array to their near and far side."""
        r, side = self.rules, "west" if west else "east"
        trunks, at = {}, r.space("m2")
        for net, fed in self.fed_nets()[:-1]:
            if fed in ("both", side):
                wire = self.tile.vdw_w if net == V_DW.net_name() else self.tile.weight_w
                trunks[net] = (at, at + self._trunk_width(net, wire, "m2", fed))
                at = trunks[net][1] + r.space("m2")
        return trunks

    def ground_trunk(self, south: bool) -> Span | None:
        """Ground trunk (m3) of the south or north edge: distance from the array to its near and far side."""
        fed, near = self.design.network.feeds.ground, self.rules.space("m3")
        if fed not in ("both", "south" if south else "north"):
            return None
        return near, near + self._trunk_width(GROUND.net_name(), self.tile.ground_w, "m3", fed)

    def _trunk_width(self, net: str, wire: int, metal: str, fed: str) -> int:
        """Width of a trunk: by default that of the N wires it feeds, at equal current density.

        Where it is fed from both ends of its wires, each of its two pieces has half of them.
        """
        r, trunks, sides = self.rules, self.design.network.trunks, 2 if fed == "both" else 1
        layer, least = self.process.layers[metal], max(r.landing(metal, "v2"), self._end_on_trunk)
        if trunks.size == "currents" and layer.max_current_density:
            current = self._currents[net]
            ampere = max(current.whole / sides * trunks.scale, current.worst_whole * min(trunks.scale, 1.0))
            vias = self.vias_on(net, fed) * (r.width("v2") + r.space("v2")) - r.space("v2")
            least = max(least, -(-vias // self._vias_across(wire)) + 2 * self.via_margin)
            return max(least, r.steps(ampere / (layer.max_current_density * layer.thickness)))
        count = self.n if net == GROUND.net_name() else int(self.rows_on(net).sum())
        return max(least, math.ceil(count * wire * trunks.scale / sides - 1e-9))

    def rows_on(self, net: str) -> np.ndarray:
        """Which rows hang on a trunk beside the array, shape (N,)."""
        found = parse_net(net)
        return np.ones(self.n, bool) if found is None or found.block < 0 else self.block == found.block

    def fed_nets(self) -> list[tuple[str, str]]:
        """Nets with trunks, and the sides that these stand on."""
        feeds = self.design.network.feeds
        rails = [(net, feeds.weight) for net in self.style.trunks(self)]
        return [*rails, (V_DW.net_name(), feeds.vdw), (GROUND.net_name(), feeds.ground)]

    def _vias_across(self, wire: int) -> int:
        """How many vias stand side by side across a wire that ends on a trunk."""
        r = self.rules
        return max(1, (wire - 2 * self.via_margin + r.space("v2")) // (r.width("v2") + r.space("v2")))

    @cached_property
    def via_margin(self) -> int:
        """Metal beside a via of trunks, which trunk and wire both have, in database units."""
        return max(self.rules.enclosure("m2", "v2"), self.rules.enclosure("m3", "v2"))

    @cached_property
    def _end_on_trunk(self) -> int:
        """How far a wire reaches over its trunk, at least: it ends where the trunk does."""
        return self.rules.width("v2") + 2 * self.via_margin

    def vias_on(self, net: str, fed: str) -> int:
        """Most vias of one row or column on a trunk of its net."""
        trunks, via = self.design.network.trunks, self.process.layers["v2"]
        if trunks.size != "currents" or not (via.max_current_density and via.size):
            return MOST_VIAS
        current, sides = self._currents[net], 2 if fed == "both" else 1
        ampere = max(current.line / sides * trunks.scale, current.worst_line * min(trunks.scale, 1.0))
        return max(MOST_VIAS, math.ceil(ampere / (via.max_current_density * via.size**2) - 1e-9))

    @cached_property
    def _currents(self) -> dict[str, TrunkCurrent]:
        return trunk_currents(
            self.design, self.process, self.levels, self.joined,
            {net: self.rows_on(net) for net in self.style.trunks(self)},
        )  # fmt: skip

    @property
    def rules(self) -> Rules:
        """Rules of the process in grid steps."""
        return self.tile.rules

    def side(self, west: bool) -> int:
        """Width of the west or of the east edge."""
        trunks = self.side_trunks(west).values()
        return max([far for _, far in trunks], default=self.rules.width("m3")) + self.rules.space("m3")

    def foot(self, south: bool) -> int:
        """Height of the south or of the north edge."""
        trunk = self.ground_trunk(south)
        return (trunk[1] if trunk else 0) + self.rules.space("m3")

    @cached_property
    def origin(self) -> tuple[int, int]:
        """Lower left corner of the array."""
        return self.side(True), self.foot(True)

    @cached_property
    def outline(self) -> Box:
        """The whole macro."""
        x, y = self.origin
        return Box(0, 0, x + self.n * self.tile.px + self.side(False), y + self.n * self.tile.py + self.foot(False))

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
        n, c = self.n, joins(self.design.network)
        i, j = np.ogrid[:n, :n]
        row = np.where((np.minimum(i, c[:, None]) < j) & (j < np.maximum(i, c[:, None])), 1, 0).astype(np.int8)
        place = np.arange(n)
        fed = np.flatnonzero(c != place)
        row[fed, c[fed]] = np.where(fed < c[fed], 2, 3)
        row[fed, fed] = np.where(fed < c[fed], 3, 2)
        # The column picture is the row picture mirrored on the diagonal: south for west, north for east.
        return row, row.T.copy()

    @cached_property
    def landings(self) -> np.ndarray:
        """Per tile, bit k is set where strap k of the tile (``Tile.straps``) is joined to its wire."""
        bits = np.zeros((self.n, self.n), np.int64)
        for k, wire in enumerate(self.tile.straps):
            bits |= strap_landings(self.design.network, wire).astype(np.int64) << k
        return bits

    @cached_property
    def tapering(self) -> dict[str, np.ndarray]:
        """Of each tapered wire, by how many steps it has narrowed in each tile and at its borders, shape (N, N, 3)."""
        network = self.design.network
        return {wire: with_borders(taper_levels(network, wire), network, wire) for wire in self.tile.tapers}

    def wiring(self, row: int, column: int) -> Wiring:
        """What distinguishes a tile from others."""
        tie, landings = int(self.ties[row, column]), int(self.landings[row, column])
        own = self.style.tie(self, tie if 0 <= tie < ABSENT else -1, row, column)
        feeds = ROW_FEEDERS[self.feeders[0][row, column]], COLUMN_FEEDERS[self.feeders[1][row, column]]
        landed = tuple(wire for k, wire in enumerate(self.tile.straps) if landings >> k & 1)
        levels = ((wire, tuple(level[row, column].tolist())) for wire, level in self.tapering.items())
        narrowed = tuple((wire, level) for wire, level in levels if any(level))
        return Wiring(own.through, own.track, own.side, *feeds, landed, narrowed)

    # --- labels ---

    def labels(self) -> list[Label]:
        """One label per net and place where its source attaches.

        Dendrites at the edge's end of their wire, drives at the column's north end, V_DW, ground and what else has
        trunks at the end of each (they are joined outside the macro); the style labels the rest.
        """
        t, n = self.tile, self.n
        tail = self.rules.width("m3") // 2
        tail_v = self.rules.width("m2") // 2
        (x0, y0), right, top = self.origin, self.outline.x1, self.outline.y1
        labels = []
        for i, neuron in enumerate(self.order.tolist()):
            row = y0 + i * t.py
            # The pin lies on the strap where there is one: most current enters there.
            metal = t.straps["dendrite"].spec.metal if "dendrite" in t.straps else "m3"
            labels.append(Label(metal, DENDRITE.net_name(neuron), tail, row + sum(t.dendrite) // 2))
            x = x0 + i * t.px + t.origin[0] + sum(t.drive) // 2
            labels.append(Label("m2", DRIVE.net_name(neuron), x, y0 + n * t.py - tail_v))
            labels += self.style.labels(self, i, row)
        both = [(net, x0 - sum(span) // 2) for net, span in self.side_trunks(True).items()]
        both += [(net, right - self.side(False) + sum(span) // 2) for net, span in self.side_trunks(False).items()]
        labels += [Label("m2", net, x, y0 + tail_v) for net, x in both]
        below, above = self.ground_trunk(True), self.ground_trunk(False)
        feet = [y0 - sum(below) // 2] if below else []
        feet += [top - self.foot(False) + sum(above) // 2] if above else []
        return [*labels, *(Label("m3", GROUND.net_name(), x0 + tail, y) for y in feet)]


def floorplan(design: Design, process: Process | None = None) -> Floorplan:
    """Plan the crossbar of a design.

    Args:
        design: the design.
        process: instead of the one the design names.

    Raises:
        DimensionError: as of ``refuse_sizes``.
    """
    process = process or design.load_process()
    network = design.network
    levels = weight_levels(design)
    style, block = DRAWN_STYLES[network.weight_style], block_of_neuron(network)
    blocks = [block == k for k in range(network.rail_blocks)]
    tracks = max(style.tracks(levels[rows], design.topology.joined[rows]) for rows in blocks)
    spec = replace(_sizes(design, process), tracks=tracks, vias=via_counts(design, process))
    order = neuron_at(network)
    return Floorplan(design, process, _fitting_tile(spec, process), levels[np.ix_(order, order)], style)


def refuse_sizes(design: Design) -> None:
    """Refuse sizes of device and wires that cannot be drawn, without planning more than one tile.

    Raises:
        DimensionError: off the grid, or below what a rule of the process asks for.
    """
    process = design.load_process()
    _fitting_tile(_sizes(design, process), process)


def _sizes(design: Design, process: Process) -> TileSpec:
    """A tile with one weight track."""
    network, device = design.network, design.device
    return TileSpec(
        device=DeviceSpec(
            process_key(process), device.track_length, device.track_width, device.pillar_width, device.pillar_position
        ),
        tracks=1,
        centred=bool((joins(network) != np.arange(network.neurons)).any()),
        dendrite_width=network.dendrite_width, drive_width=network.drive_width, ground_width=network.ground_width,
        weight_width=network.weight_width, vdw_width=network.vdw_width,
        straps=tuple(
            StrapSpec(wire, strap.metal, strap.width, strap.vias) for wire, strap in network.straps.given().items()
        ),
        tapers=tuple(TaperSpec(wire, x.narrow, x.steps) for wire, x in network.tapers.given().items()),
    )  # fmt: skip


def _fitting_tile(spec: TileSpec, process: Process) -> Tile:
    """The tile; where the device's track is too short for the process, the message says which one is not."""
    try:
        return tile_of(spec)
    except DimensionError as error:
        device = spec.device
        least = shortest_track(process, track_width=device.track_width, pillar_width=device.pillar_width)
        hint = f"; track_length fits from {(least or 0) * 1e9:.6g} nm on"
        named = least is not None and least > device.track_length and "track_length" in str(error)
        told = str(error).replace(OF_FIELDS, "") + hint  # which has to leave room for the file, line and field
        if not named or len(told) > LONGEST_LINE:
            raise
        raise DimensionError(told, error.field) from None
