"""The drawn DW-MTJ in grid steps: track, contacts, pillar and read electrode, from the device and the rules.

Coordinates: x = 0 where the track leaves the DW_IN contact (q = 0), y = 0 at the track's lower edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from hwlib.cells.rules import Rules, rules_of
from hwlib.cells.shapes import Box, Rect

OF_FIELDS = " (track_length, pillar_width, pillar_position)"  # what decides where a pillar stands


@dataclass(frozen=True)
class DeviceSpec:
    """Geometry of one DW-MTJ (m; ``pillar_position`` is a fraction of the length) in a process (its key)."""

    process: str = "ebeam"
    track_length: float = 100e-9
    track_width: float = 50e-9
    pillar_width: float = 20e-9
    pillar_position: float = 0.5


@dataclass(frozen=True, eq=False)
class DeviceBoxes:
    """Boxes of the device; ``*_pad`` are its metal 1 landings, ``read`` covers the pillar with its margin."""

    track: Box
    pin: Box
    contact_in: Box
    contact_out: Box
    pillar: Box
    read: Box
    in_pad: Box
    out_pad: Box
    top_pad: Box

    def rects(self) -> list[Rect]:
        """Track, marker, contacts and pillar: the part without electrodes, which depend on where it is used."""
        return [
            Rect("track", self.track), Rect("pin", self.pin), Rect("vt", self.contact_in),
            Rect("vt", self.contact_out), Rect("pillar", self.pillar),
        ]  # fmt: skip


@lru_cache(maxsize=256)
def device_boxes(spec: DeviceSpec) -> DeviceBoxes:
    """Boxes of a device.

    Raises:
        DimensionError: off the grid, or a rule of the process that the geometry breaks.
    """
    r = rules_of(spec.process)
    length, width = r.exact(spec.track_length, "track_length"), r.exact(spec.track_width, "track_width")
    pillar_width = r.exact(spec.pillar_width, "pillar_width")
    edge = spec.pillar_position * spec.track_length - spec.pillar_width / 2
    left = r.exact(edge, "pillar edge at", "pillar_position")
    size = r.width("vt")
    low = (width - size) // 2
    contact_in, contact_out = Box(-size, low, 0, low + size), Box(length, low, length + size, low + size)
    margin = r.enclosure("track", "vt")
    pillar = Box(left, 0, left + pillar_width, width)
    boxes = DeviceBoxes(
        track=Box(-size - margin, 0, length + size + margin, width),
        pin=contact_in.grown(r.enclosure("pin", "vt")),
        contact_in=contact_in, contact_out=contact_out, pillar=pillar,
        read=r.pad("read", "pillar", pillar),
        in_pad=r.pad("m1", "vt", contact_in), out_pad=r.pad("m1", "vt", contact_out),
        top_pad=r.pad("m1", "pillar", pillar),
    )  # fmt: skip
    _check(r, boxes, length, width, pillar_width)
    return boxes


def _check(r: Rules, b: DeviceBoxes, length: int, width: int, pillar_width: int) -> None:
    least = r.width("vt") + 2 * r.enclosure("track", "vt")
    if width < r.width("track"):
        r.refuse("track_width", width, "track.width", r.width("track"))
    if width < least:
        r.refuse("track_width", width, "track.encloses.vt", least)
    if pillar_width < r.width("pillar"):
        r.refuse("pillar_width", pillar_width, "pillar.width", r.width("pillar"))
    common = min(pillar_width, width)  # the pillar spans the track
    if common < r.overlap("pillar", "track"):
        least = r.overlap("pillar", "track")
        r.refuse("pillar_width, track_width", common, "pillar.overlap.track", least, "pillar_width")
    area = (r.process.layers["pillar"].min_area or 0.0) / r.process.grid**2
    if pillar_width * width < area - 0.5:
        r.refuse("pillar_width", pillar_width, "pillar.area", r.steps(area * r.process.grid / width))
    gaps = {
        "pillar.separation.vt": (min(b.pillar.x0, length - b.pillar.x1), r.separation("pillar", "vt")),
        "read.separation.vt": (min(b.read.x0, length - b.read.x1), r.separation("read", "vt")),
        "m1.space": (min(b.top_pad.x0 - b.in_pad.x1, b.out_pad.x0 - b.top_pad.x1), r.space("m1")),
        "vt.space": (length, r.space("vt")),
        "track.extends.pillar": (
            min(b.pillar.x0 - b.track.x0, b.track.x1 - b.pillar.x1),
            r.extension("track", "pillar"),
        ),
    }
    for rule, (found, needed) in gaps.items():
        if found < needed:
            r.refuse(f"pillar to the track's end or contact{OF_FIELDS}", found, rule, needed, "track_length")
