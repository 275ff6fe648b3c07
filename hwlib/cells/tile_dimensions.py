"""Dimensions of the crossbar's tile in grid steps: where every wire, via and device sits in one pitch.

A tile spans x from 0 to ``px`` and y from 0 to ``py`` and abuts with its neighbours: drive and ground columns (m2)
cross it from bottom to top, dendrite row, V_DW rail and weight tracks (m3) from left to right. All numbers follow from
the rules, the device and the wire widths, so every process and geometry is drawn by the same lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from hwlib.cells.device_dimensions import DeviceBoxes, DeviceSpec, device_boxes
from hwlib.cells.rules import Rules, rules_of
from hwlib.cells.shapes import Box, Rect, square
from hwlib.cells.strap_dimensions import Feet, Heights, Lanes, Span, StrapSpec, StrapStack, landing, middle_of


@dataclass(frozen=True)
class TileSpec:
    """All that the tiles of one crossbar share.

    Attributes:
        device: the drawn device, and the process.
        tracks: weight tracks on m3 beside each dendrite: rails, or lines of the channel.
        centred: soma at the centre of its row and column, reached by feeder wires.
        dendrite_width, drive_width, ground_width, weight_width, vdw_width: m; None is the least that rules allow.
        straps: wires that have a second one on an upper metal.
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
        self.straps = {strap.wire: StrapStack(r, strap) for strap in spec.straps}
        self.heights = Heights(r)
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
        return self.rules.wire(layer, asked, vias, f"{name}_width")

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
        self.dendrite_v2 = self._via_below("v2", self.dendrite[1], "m3")
        x, y = self.dendrite_v2.centre
        self.dendrite_v1, self.dendrite_vr = square(x, y, r.width("v1")), square(x, y, r.width("vr"))
        self.island_m1 = r.pad("m1", "v1", self.dendrite_v1).joined(r.pad("m1", "vr", self.dendrite_vr))
        self.island_m2 = r.pad("m2", "v1", self.dendrite_v1).joined(r.pad("m2", "v2", self.dendrite_v2))
        self.island_read = r.pad("read", "vr", self.dendrite_vr)
        feeder = self._via_below("v2", self.row_feeder[1], "m3")
        self.feeder_v2 = feeder
        self.feeder_m2 = r.pad("m2", "v2", feeder).joined(self.island_m2)

    def _via_below(self, via: str, top: int, layer: str) -> Box:
        """A via on the pillar's axis as high as a wire that ends at ``top`` encloses it."""
        size = self.rules.width(via)
        y1, x0 = top - self.rules.enclosure(layer, via), self.axis - size // 2
        return Box(x0, y1 - size, x0 + size, y1)

    def _place_device(self) -> None:
        """Height of the track above the dendrite stack; the via on the pillar and its strap."""
        r, d = self.rules, self.device
        size = r.width("v1")
        v1 = square(self.axis, 0, size).moved(0, size // 2 + (d.pillar.y1 - size) // 2)
        top = d.top_pad.joined(r.pad("m1", "v1", v1))
        low = max(
            self.island_m1.y1 + r.space("m1") - min(top.y0, d.in_pad.y0, d.out_pad.y0),
            self.dendrite_vr.y1 + max(r.separation("track", "vr"), r.separation("pillar", "vr")),
            self.island_read.y1 + r.separation("read", "vt") - d.contact_in.y0,
        )
        lift = max(0, self.island_m2.y1 + r.space("m2") - low - r.pad("m2", "v1", v1).y0)
        self.low = low
        self.pillar_v1 = v1.moved(0, low + lift)
        self.top_pad = d.top_pad.moved(0, low).joined(r.pad("m1", "v1", self.pillar_v1))
        self.strap = r.pad("m2", "v1", self.pillar_v1)
        self._check_pads()

    def _check_pads(self) -> None:
        """The pillar's metal 1, widened by its via, against the end contacts."""
        r, d = self.rules, self.device
        gap = min(self.top_pad.x0 - d.in_pad.x1, d.out_pad.x0 - self.top_pad.x1)
        if gap < r.space("m1"):
            r.refuse("distance of the pillar's metal 1 and the end contacts' (track_length, pillar_position)",
                     gap, "m1.space", r.space("m1"))  # fmt: skip

    def _stack_top(self) -> None:
        """The soma's metal 1 bar above the track, the V_DW rail and the weight tracks."""
        r, d, low = self.rules, self.device, self.low
        height = max(r.landing("m1", "vr"), r.landing("m1", "v1"))
        bar = max(self.top_pad.y1, low + d.in_pad.y1) + r.space("m1")
        vr = square(self.axis, bar + height // 2, r.width("vr"))
        lift = max(
            0,
            low + d.track.y1 + max(r.separation("track", "vr"), r.separation("pillar", "vr")) - vr.y0,
            low + d.contact_in.y1 + r.separation("read", "vt") - r.pad("read", "vr", vr).y0,
        )
        self.soma_vr = vr.moved(0, lift)
        self.soma_bar: Span = (bar + lift, bar + lift + height)
        self.soma_read = r.pad("read", "vr", self.soma_vr)
        cut = square(0, 0, r.width("v2"))
        overhang = max(0, cut.y0 - r.pad("m2", "v2", cut).y0 - r.enclosure("m3", "v2"))
        base = max(self.dendrite[1] + r.space("m3"), self.strap.y0 + overhang)
        self.vdw: Span = self._row("vdw", self.vdw_w, base)
        self.vdw_v2 = self._tie(self.vdw, self.pillar_v1.y0)
        self.tracks: list[Span] = [self._row("weight", self.weight_w, self.vdw[1]) for _ in range(self.spec.tracks)]
        self.track_v2 = [self._tie(span, 0) for span in self.tracks]

    def _tie(self, span: Span, wish: int) -> Box:
        """The via that joins the strap to a rail, as near to y = ``wish`` as the rail encloses it."""
        size, margin = self.rules.width("v2"), self.rules.enclosure("m3", "v2")
        y0 = min(max(wish, span[0] + margin), span[1] - margin - size)
        return Box(self.axis - size // 2, y0, self.axis - size // 2 + size, y0 + size)

    # --- horizontal, in device x ---

    def _columns(self) -> None:
        """Drive and ground columns beside the strap, and the metal 1 that joins the track's contacts to them."""
        r, d = self.rules, self.device
        space, margin = r.space("m2"), r.enclosure("m2", "v1")
        middle = self.strap.joined(self.island_m2).joined(r.pad("m2", "v2", self.vdw_v2))
        right = min(middle.x0 - space, d.contact_in.x0 - margin + self.drive_w)
        left = max(middle.x1 + space, d.contact_out.x1 + margin - self.ground_w)
        self.middle: Span = (middle.x0, middle.x1)
        self.drive: Span = (right - self.drive_w, right)
        self.ground: Span = (left, left + self.ground_w)
        self.column_feeder: Span = (self.drive[0] - space - self.drive_w, self.drive[0] - space)
        self.in_v1 = self._beside(d.contact_in, self.drive)
        self.out_v1 = self._beside(d.contact_out, self.ground)
        self.in_bar = self._bar(d.in_pad, self.in_v1)
        self.out_bar = self._bar(d.out_pad, self.out_v1)
        gap = min(self.top_pad.x0 - self.in_bar.x1, self.out_bar.x0 - self.top_pad.x1)
        if gap < r.space("m1"):
            r.refuse("distance of the pillar's metal 1 and the columns' vias (track_length)", gap, "m1.space",
                     r.space("m1"))  # fmt: skip
        target = self.column_feeder if self.spec.centred else self.drive
        # More vias where the column is wide: the soma's whole drive current passes here.
        self.soma_v1 = self._row_of_vias(target)
        self.direct_v1 = self._row_of_vias(self.drive)

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

    def _row_of_vias(self, column: Span, most: int = 8) -> list[Box]:
        """Via 1s of the soma's bar on a column, from its right edge on."""
        r = self.rules
        size, margin, space = r.width("v1"), r.enclosure("m2", "v1"), r.space("v1")
        count = min(most, max(1, (column[1] - column[0] - 2 * margin + space) // (size + space)))
        y0 = (self.soma_bar[0] + self.soma_bar[1] - size) // 2
        right = column[1] - margin
        return [Box(right - size - k * (size + space), y0, right - k * (size + space), y0 + size) for k in range(count)]

    # --- pitch ---

    def _pitch(self) -> None:
        """Pitch and origin: on every layer, what abuts keeps its space."""
        r, d = self.rules, self.device
        pads = [r.pad("m1", "v1", via) for via in (*self.soma_v1, *self.direct_v1)]
        m1_left = min(self.in_bar.x0, d.in_pad.x0, *(pad.x0 for pad in pads))
        columns_left = self.column_feeder[0] if self.spec.centred else self.drive[0]
        extents_x = {
            "m2": (columns_left, self.ground[1]),
            "m1": (m1_left, max(self.out_bar.x1, self.island_m1.x1)),
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
        strap_top = max((r.pad("m2", "v2", via).y1 for via in self.track_v2), default=self.strap.y1)
        m2_low = self.feeder_m2.y0 if self.spec.centred else self.island_m2.y0
        extents_y = {
            "m3": (-(-r.space("m3") // 2), m3_top),
            "m2": (m2_low, max(strap_top, self.strap.y1, r.pad("m2", "v2", self.vdw_v2).y1)),
            "m1": (self.island_m1.y0, max(self.soma_bar[1], self.top_pad.y1)),
            "track": (self.low, self.low + d.track.y1),
            "pillar": (self.low, self.low + d.pillar.y1),
            "read": (self.island_read.y0, self.soma_read.y1),
        }
        self.py = max(high - low + r.space(layer) for layer, (low, high) in extents_y.items())
        ends = (r.pad("m2", "v1", via).y1 for via in self.soma_v1)
        self.py = max(self.py, self.heights.period(), self.soma_bar[1], self.soma_read.y1, *ends)

    # --- straps ---

    def _strapped_columns(self) -> dict[str, Span]:
        """Columns that have a strap, in device x."""
        return {wire: span for wire, span in (("drive", self.drive), ("ground", self.ground)) if wire in self.straps}

    def _straps(self) -> None:
        """Lanes of the straps along x, and slots for the pads of columns above the rows."""
        shift = self.origin[0]
        columns = {wire: sum(span) // 2 + shift for wire, span in (("drive", self.drive), ("ground", self.ground))}
        lanes = Lanes(self.rules, self.straps, columns | {"rows": self.axis + shift})
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

    def strap_rects(self, landings: tuple[str, ...]) -> list[Rect]:
        """The straps that cross the tile, and their vias where wires have a landing here."""
        rects = []
        for wire, stack in self.straps.items():
            metal, rows = stack.spec.metal, self.strapped_rows(wire)
            if not rows and wire in self.lanes:
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
