"""Dimensions of the crossbar's tile in grid steps: where every wire, via and device sits in one pitch.

A tile spans x from 0 to ``px`` and y from 0 to ``py`` and abuts with its neighbours: drive and ground columns (m2)
cross it from bottom to top, dendrite row, V_DW rail and weight tracks (m3) from left to right. All numbers follow from
the rules, the device and the wire widths, so every process and geometry is drawn by the same lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from hwlib.cells.device_dimensions import DeviceBoxes, DeviceSpec, device_boxes
from hwlib.cells.rules import Rules, rules_of
from hwlib.cells.shapes import Box, Rect, square
from hwlib.cells.strap_dimensions import Feet, Heights, Span, StrapLanes, StrapSpec, StrapStack, landing, middle_of
from hwlib.cells.via_groups import ViaCounts, ViaGroup, rows_within, via_group
from hwlib.sections.wire_fields import ACROSS

Levels = tuple[int, int, int]  # steps by which a wire has narrowed in a tile, at its low border, at its high border
MOST_FEED_VIAS = 8  # of a soma on a wide drive, where currents do not ask for more


@dataclass(frozen=True)
class TaperSpec:
    """A wire that is narrower in some tiles than in others.

    Attributes:
        wire: ``drive``, ``ground``, ``dendrite``, ``vdw`` or ``weight``.
        narrow: its least width, m.
        steps: how many widths it has, the widest included.
    """

    wire: str
    narrow: float
    steps: int


@dataclass(frozen=True)
class TileSpec:
    """All that the tiles of one crossbar share.

    Attributes:
        device: the drawn device, and the process.
        tracks: weight tracks on m3 beside each dendrite: rails, or lines of the channel.
        centred: soma at the centre of its row and column, reached by feeder wires.
        dendrite_width, drive_width, ground_width, weight_width, vdw_width: m; None is the least that rules allow.
        straps: wires that have a second one on an upper metal.
        tapers: wires that are narrower in some tiles.
        vias: how many join a device to its wires.
    """

    device: DeviceSpec = field(default_factory=DeviceSpec)
    tracks: int = 2
    centred: bool = False
    dendrite_width: float | None = None
    drive_width: float | None = None
    ground_width: float | None = None
    weight_width: float | None = None
    vdw_width: float | None = None
    straps: tuple[StrapSpec, ...] = ()
    tapers: tuple[TaperSpec, ...] = ()
    vias: ViaCounts = field(default_factory=ViaCounts)


class Tile:
    """The dimensions of one tile, in tile coordinates."""

    spec: TileSpec
    rules: Rules
    device: DeviceBoxes  # in its own coordinates; ``origin`` moves it into the tile
    origin: tuple[int, int]
    px: int
    py: int

    def __init__(self, spec: TileSpec):
        """Compute everything.

        Raises:
            InputError: a wire below its minimum, or a device that does not fit the rules.
        """
        self.spec, self.rules = spec, rules_of(spec.device.process)
        self.device = device_boxes(spec.device)
        r = self.rules
        self.tapers = {taper.wire: taper for taper in spec.tapers}
        self.straps = {strap.wire: StrapStack(r, strap) for strap in spec.straps}
        self.heights = Heights(r)
        self._narrow: dict[str, int] = {}  # widths at the far ends, in grid steps
        self.dendrite_w = self._wire("dendrite", spec.dendrite_width, "m3", ("v2",))
        self.drive_w = self._wire("drive", spec.drive_width, "m2", ("v1",))
        self.ground_w = self._wire("ground", spec.ground_width, "m2", ("v1", "v2"))
        self.weight_w = self._wire("weight", spec.weight_width, "m3", ("v2",))
        self.vdw_w = self._wire("vdw", spec.vdw_width, "m3", ("v2",))
        self._stack_dendrite()
        self._place_device()
        self._stack_top()
        self._columns()
        self._pitch()

    def _wire(self, name: str, asked: float | None, layer: str, vias: tuple[str, ...]) -> int:
        """Width of a wire; the vias of its strap land on it as well."""
        if name in self.straps:
            vias = (*vias, f"v{layer[1:]}")
        if name in self.tapers:
            self._narrow[name] = self.rules.wire(layer, self.tapers[name].narrow, vias, f"tapers.{name}.narrow")
        return self.rules.wire(layer, asked, vias, f"{name}_width")

    def narrowed(self, wire: str, span: Span, level: int) -> Span:
        """What a wire takes of its widest span where it has narrowed by so many steps."""
        if wire not in self._narrow or not level:
            return span
        width, steps = span[1] - span[0], self.tapers[wire].steps
        return middle_of(sum(span) // 2, width - round(level * (width - self._narrow[wire]) / (steps - 1)))

    def pieces(self, wire: str, span: Span, levels: Levels, length: int) -> list[tuple[Span, Span]]:
        """A wire through the tile, with what it takes across: its body, and ends that are as wide as their neighbours.

        Steps of the width lie within tiles, as far from the border as the wire is wide there where there is room:
        neighbours meet at equal widths, where the current is uniform again.
        """
        here, *borders = levels
        across = [self.narrowed(wire, span, level) for level in borders]
        ends = [min(x1 - x0, 2 * length // 5) * (k != here) for k, (x0, x1) in zip(borders, across, strict=True)]
        bounds = (0, ends[0], length - ends[1], length)
        spans = zip(pairwise(bounds), (across[0], self.narrowed(wire, span, here), across[1]), strict=True)
        return [(along, taken) for along, taken in spans if along[1] > along[0]]

    def core(self, wire: str, span: Span) -> Span:
        """The part of a wire's span that is there in every tile: vias land on it."""
        return self.narrowed(wire, span, self.tapers[wire].steps - 1) if wire in self.tapers else span

    def _row(self, wire: str, width: int, least: int) -> Span:
        """The lowest row, from ``least`` on, that keeps its distance to those below, with its strap."""
        sizes = {"m3": width}
        if wire in self.straps:
            sizes |= self.straps[wire].across
        centre = self.heights.centre(sizes, least + width // 2)
        self.heights.take(sizes, centre)
        return middle_of(centre, width)

    # --- vertical stacking, in device x (0 = q 0) and tile y ---

    def _stack_dendrite(self) -> None:
        """Dendrite row (with its feeder below) and the via stack from the read electrode down to it."""
        r, low = self.rules, -(-self.rules.space("m3") // 2)
        self.row_feeder: Span = (low, low + self.dendrite_w)
        if self.spec.centred:
            low = self.row_feeder[1] + r.space("m3")
        self.dendrite: Span = self._row("dendrite", self.dendrite_w, low)
        self.axis = self.device.pillar.centre[0]
        self.dendrite_v2 = self._vias_below(self.core("dendrite", self.dendrite))
        x, y = self.dendrite_v2.whole.centre
        v1, vr = (
            via_group(r, layer, self.spec.vias.of_axon(layer), self.dendrite_v2.rows).moved(x, y)
            for layer in ("v1", "vr")
        )
        self.dendrite_v1, self.dendrite_vr = v1, vr
        self.island_m1 = r.pad("m1", "v1", v1.whole).joined(r.pad("m1", "vr", vr.whole))
        self.island_m2 = r.pad("m2", "v1", v1.whole).joined(r.pad("m2", "v2", self.dendrite_v2.whole))
        self.island_read = r.pad("read", "vr", vr.whole)
        self.feeder_v2 = self._vias_below(self.row_feeder)
        self.feeder_m2 = r.pad("m2", "v2", self.feeder_v2.whole).joined(self.island_m2)

    def _vias_below(self, row: Span) -> ViaGroup:
        """An axon's via 2s on a row, on the pillar's axis, as high as the row encloses them."""
        vias = self._on_row(row, self.spec.vias.of_axon("v2"))
        return vias.moved(self.axis, row[1] - self.rules.enclosure("m3", "v2") - vias.whole.y1)

    def _on_row(self, row: Span, count: int) -> ViaGroup:
        """Via 2s that a row has room for, about the origin."""
        r = self.rules
        return via_group(r, "v2", count, rows_within(r, "v2", row[1] - row[0], r.enclosure("m3", "v2")))

    def _place_device(self) -> None:
        """Height of the track above the dendrite stack; the via on the pillar and its strap."""
        r, d = self.rules, self.device
        size, vias = r.width("v1"), max(self.spec.vias.of_axon("v1"), self.spec.vias.of_soma("v1"))
        first = square(self.axis, 0, size).moved(0, size // 2 + (d.pillar.y1 - size) // 2)
        v1 = via_group(r, "v1", vias, vias)  # one above the other: there is no room beside the pillar
        v1 = v1.moved(self.axis, first.y0 - v1.whole.y0)
        top = d.top_pad.joined(r.pad("m1", "v1", v1.whole))
        beside = [d.in_pad.y0, d.out_pad.y0]
        if self.spec.vias.axon:  # a wide island reaches below the columns' vias
            beside += [r.pad("m1", "v1", square(0, pad.centre[1], size)).y0 for pad in (d.contact_in, d.contact_out)]
        low = max(
            self.island_m1.y1 + r.space("m1") - min(top.y0, *beside),
            self.dendrite_vr.whole.y1 + max(r.separation("track", "vr"), r.separation("pillar", "vr")),
            self.island_read.y1 + r.separation("read", "vt") - d.contact_in.y0,
        )
        lift = max(0, self.island_m2.y1 + r.space("m2") - low - r.pad("m2", "v1", v1.whole).y0)
        self.low = low
        self.pillar_v1 = v1.moved(0, low + lift)
        self.top_pad = d.top_pad.moved(0, low).joined(r.pad("m1", "v1", self.pillar_v1.whole))
        self.strap = r.pad("m2", "v1", self.pillar_v1.whole)
        self._check_pads()

    def _check_pads(self) -> None:
        """The pillar's metal 1, widened by its via, against the end contacts."""
        r, d = self.rules, self.device
        gap = min(self.top_pad.x0 - d.in_pad.x1, d.out_pad.x0 - self.top_pad.x1)
        if gap < r.space("m1"):
            r.refuse("distance of the pillar's metal 1 and the end contacts' (track_length, pillar_position)",
                     gap, "m1.space", r.space("m1"), "track_length")  # fmt: skip

    def _stack_top(self) -> None:
        """The soma's metal 1 bar above the track, the V_DW rail and the weight tracks."""
        r, d, low = self.rules, self.device, self.low
        self.feed = self._feed_vias()
        margin, high = r.enclosure("m1", "v1"), self.feed.whole
        height = max(r.landing("m1", "vr"), r.landing("m1", "v1"), high.y1 - high.y0 + 2 * margin)
        bar = max(self.top_pad.y1, low + d.in_pad.y1) + r.space("m1")
        if self.spec.vias.soma:  # a wide bar reaches above the columns' vias
            bar = max(
                bar, low + r.pad("m1", "v1", square(0, d.contact_out.centre[1], r.width("v1"))).y1 + r.space("m1")
            )
        vr = via_group(r, "vr", self.spec.vias.of_soma("vr")).moved(self.axis, bar + height // 2)
        lift = max(
            0,
            low + d.track.y1 + max(r.separation("track", "vr"), r.separation("pillar", "vr")) - vr.whole.y0,
            low + d.contact_in.y1 + r.separation("read", "vt") - r.pad("read", "vr", vr.whole).y0,
        )
        self.soma_vr = vr.moved(0, lift)
        self.soma_bar: Span = (bar + lift, bar + lift + height)
        self.soma_read = r.pad("read", "vr", self.soma_vr.whole)
        cut = square(0, 0, r.width("v2"))
        overhang = max(0, cut.y0 - r.pad("m2", "v2", cut).y0 - r.enclosure("m3", "v2"))
        base = max(self.dendrite[1] + r.space("m3"), self.strap.y0 + overhang)
        self.vdw: Span = self._row("vdw", self.vdw_w, base)
        self.vdw_v2 = self._tie(self.core("vdw", self.vdw), self.pillar_v1.whole.y0, self.spec.vias.of_soma("v2"))
        self.tracks: list[Span] = [self._row("weight", self.weight_w, self.vdw[1]) for _ in range(self.spec.tracks)]
        self.track_v2 = [self._tie(self.core("weight", span), 0, self.spec.vias.of_axon("v2")) for span in self.tracks]

    def _tie(self, span: Span, wish: int, count: int) -> ViaGroup:
        """Vias that join the strap to a rail, as near to y = ``wish`` as the rail encloses them."""
        vias, margin = self._on_row(span, count), self.rules.enclosure("m3", "v2")
        whole = vias.whole
        y0 = min(max(wish, span[0] + margin), span[1] - margin - (whole.y1 - whole.y0))
        return vias.moved(self.axis, y0 - whole.y0)

    def _feed_vias(self) -> ViaGroup:
        """Via 1s of the soma's bar on its drive: as many as currents ask, and where the wire is wide more."""
        r = self.rules
        across = rows_within(r, "v1", self.drive_w, r.enclosure("m2", "v1"))
        count = max(self.spec.vias.of_soma("v1"), min(MOST_FEED_VIAS, across))
        return via_group(r, "v1", count, -(-count // across))

    # --- horizontal, in device x ---

    def _columns(self) -> None:
        """Drive and ground columns beside the strap, and the metal 1 that joins the track's contacts to them."""
        r, d = self.rules, self.device
        space, margin = r.space("m2"), r.enclosure("m2", "v1")
        middle = self.strap.joined(self.island_m2)
        for vias in (self.vdw_v2, *self.track_v2):
            middle = middle.joined(r.pad("m2", "v2", vias.whole))
        # A contact's via stands right above it where the column's core can lie there.
        drive, ground = (self._narrow.get(x, w) for x, w in (("drive", self.drive_w), ("ground", self.ground_w)))
        right = min(middle.x0 - space, d.contact_in.x0 - margin + drive // 2 + (self.drive_w + 1) // 2)
        left = max(middle.x1 + space, d.contact_out.x1 + margin - ground + ground // 2 - self.ground_w // 2)
        self.middle: Span = (middle.x0, middle.x1)
        self.drive: Span = (right - self.drive_w, right)
        self.ground: Span = (left, left + self.ground_w)
        self.column_feeder: Span = (self.drive[0] - space - self.drive_w, self.drive[0] - space)
        self.in_v1 = self._beside(d.contact_in, self.core("drive", self.drive))
        self.out_v1 = self._beside(d.contact_out, self.core("ground", self.ground))
        self.in_bar = self._bar(d.in_pad, self.in_v1)
        self.out_bar = self._bar(d.out_pad, self.out_v1)
        gap = min(self.top_pad.x0 - self.in_bar.x1, self.out_bar.x0 - self.top_pad.x1)
        if gap < r.space("m1"):
            r.refuse("distance of the pillar's metal 1 and the columns' vias (track_length)", gap, "m1.space",
                     r.space("m1"), "track_length")  # fmt: skip
        target = self.column_feeder if self.spec.centred else self.drive
        self.soma_v1 = self._feed(target)
        self.direct_v1 = self._feed(self.drive)

    def _beside(self, contact: Box, column: Span) -> Box:
        """Via 1 of a column at the height of a contact, as near to it as the column encloses."""
        size, margin = self.rules.width("v1"), self.rules.enclosure("m2", "v1")
        wish = contact.centre[0] - size // 2
        x0 = min(max(wish, column[0] + margin), column[1] - margin - size)
        y0 = self.low + contact.centre[1] - size // 2
        return Box(x0, y0, x0 + size, y0 + size)

    def _bar(self, pad: Box, via: Box) -> Box:
        """Metal 1 from a contact's pad to a via at its height."""
        return pad.moved(0, self.low).joined(self.rules.pad("m1", "v1", via))

    def _feed(self, column: Span) -> ViaGroup:
        """Via 1s of the soma's bar on a column, from its right edge on."""
        whole = self.feed.whole
        y0 = (self.soma_bar[0] + self.soma_bar[1] - (whole.y1 - whole.y0)) // 2
        return self.feed.moved(column[1] - self.rules.enclosure("m2", "v1") - whole.x1, y0 - whole.y0)

    # --- pitch ---

    def _pitch(self) -> None:
        """Pitch and origin: on every layer, what abuts keeps its space."""
        r, d = self.rules, self.device
        pads = [r.pad("m1", "v1", via.whole) for via in (self.soma_v1, self.direct_v1)]
        m1 = [self.in_bar, self.out_bar, d.in_pad, self.island_m1, r.pad("m1", "vr", self.soma_vr.whole), *pads]
        read = (d.read, self.island_read, self.soma_read)
        columns_left = self.column_feeder[0] if self.spec.centred else self.drive[0]
        extents_x = {
            "m2": (columns_left, self.ground[1]),
            "m1": (min(box.x0 for box in m1), max(box.x1 for box in m1)),
            "read": (min(box.x0 for box in read), max(box.x1 for box in read)),
            "track": (d.track.x0, d.track.x1),
            "pillar": (d.pillar.x0, d.pillar.x1),
        }
        if feet := [middle_of(sum(span) // 2, r.island("m3", "v2")) for span in self._strapped_columns().values()]:
            extents_x["m3"] = min(low for low, _ in feet), max(high for _, high in feet)
        shift = max(-(-r.space(layer) // 2) - low for layer, (low, _) in extents_x.items())
        self.px = max(shift + high + r.space(layer) // 2 for layer, (_, high) in extents_x.items())
        self.origin = (shift, self.low)
        self._straps()
        m3_top = self.heights.top["m3"]
        strap_top = max((r.pad("m2", "v2", via.whole).y1 for via in self.track_v2), default=self.strap.y1)
        m2_low = self.feeder_m2.y0 if self.spec.centred else self.island_m2.y0
        extents_y = {
            "m3": (-(-r.space("m3") // 2), m3_top),
            "m2": (m2_low, max(strap_top, self.strap.y1, r.pad("m2", "v2", self.vdw_v2.whole).y1)),
            "m1": (self.island_m1.y0, max(self.soma_bar[1], self.top_pad.y1)),
            "track": (self.low, self.low + d.track.y1),
            "pillar": (self.low, self.low + d.pillar.y1),
            "read": (self.island_read.y0, self.soma_read.y1),
        }
        self.py = max(high - low + r.space(layer) for layer, (low, high) in extents_y.items())
        end = r.pad("m2", "v1", self.soma_v1.whole).y1
        self.py = max(self.py, self.heights.period(), self.soma_bar[1], self.soma_read.y1, end)

    # --- straps ---

    def _strapped_columns(self) -> dict[str, Span]:
        """Columns that have a strap, in device x."""
        return {wire: span for wire, span in (("drive", self.drive), ("ground", self.ground)) if wire in self.straps}

    def _straps(self) -> None:
        """Lanes of the straps along x, and slots for the pads of columns above the rows."""
        shift = self.origin[0]
        columns = {wire: sum(span) // 2 + shift for wire, span in (("drive", self.drive), ("ground", self.ground))}
        lanes = StrapLanes(self.rules, self.straps, columns | {"rows": self.axis + shift})
        self.px = max(self.px, lanes.period())
        self.lanes = lanes.centres(self.px)
        self.feet = Feet(self.rules, self.straps, columns, self.lanes, self.px)
        self.foot_at: dict[str, int] = {}
        for slot, sizes in zip(self.feet.slots, self.feet.height, strict=True):
            centre = self.heights.centre(sizes, 0)
            self.heights.take(sizes, centre)
            self.foot_at |= dict.fromkeys(slot, centre)

    def strapped_rows(self, wire: str) -> list[Span]:
        """The rows of a wire in every tile."""
        return {"dendrite": [self.dendrite], "vdw": [self.vdw], "weight": self.tracks}.get(wire, [])

    def strap_rects(self, landings: tuple[str, ...], through: Span) -> list[Rect]:
        """The straps that cross the tile, and their vias where wires have a landing here; weight tracks as given."""
        rects = []
        for wire, stack in self.straps.items():
            metal, rows = stack.spec.metal, self.strapped_rows(wire)
            rows = rows[slice(*through)] if wire == "weight" else rows
            if wire in ACROSS:
                x0, x1 = middle_of(self.lanes[wire], stack.width)
                rects.append(Rect(metal, Box(x0, 0, x1, self.py)))
                rects += self.feet.rects(wire, self.foot_at[wire]) if wire in landings else []
            for row in rows:
                y0, y1 = middle_of(sum(row) // 2, stack.width)
                rects.append(Rect(metal, Box(0, y0, self.px, y1)))
                rects += landing(stack, self.lanes["rows"], sum(row) // 2) if wire in landings else []
        return rects


@lru_cache(maxsize=64)
def tile_of(spec: TileSpec) -> Tile:
    """The tile of a specification."""
    return Tile(spec)
