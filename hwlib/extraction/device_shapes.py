"""DW-MTJ devices of a window, recognised from its polygons alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import klayout.db as db

from hwlib.drawing.track_widths import goes_straight_on, narrowest_and_widest, squares, track_widths
from hwlib.errors import InputError
from hwlib.extraction.grid import Line
from hwlib.extraction.place import Finder, area_of, centre
from hwlib.extraction.sheet import Frame, solve

_POINT = 1e-3  # dbu; less is no metal between two corners
_SLANT = 0.1  # sideways from end to end, by the way along the track; 0.1 are 6°
Where = Callable[[float, float], str]
_LAYERS = ("pillar", "track", "vt", "m1", "pin", "read")  # what a device is recognised by


@dataclass(frozen=True)
class DeviceShape:
    """One device as drawn; lengths in dbu, areas in dbu².

    ``contacts_in``/``contacts_out``: the vt contacts of DW_IN and DW_OUT (pieces of vt under m1 on the track).
    """

    x: float
    y: float
    length: float
    track_width: float
    narrowest_width: float
    track_squares: float
    pillar_width: float
    pillar_centre: float
    pillar_area: float
    pillar: db.Box
    contacts_in: tuple[db.Polygon, ...]
    contacts_out: tuple[db.Polygon, ...]


def find_devices(shapes: dict[str, db.Region], where: Where, frame: Frame) -> list[DeviceShape]:
    """Devices of merged layer ``shapes``: a pillar on a track and on a read electrode, with two contacted ends.

    Args:
        shapes: merged region of each layer by name.
        where: turns window coordinates (dbu) into words for messages.
        frame: lengths of the layout.

    Raises:
        InputError: a pillar without track, read electrode, m1 or two contacts, with its place.
    """
    pillars = list(shapes["pillar"].each())
    if not pillars:
        return []
    tracks = Finder(shapes["track"])
    contacts = Finder((shapes["vt"] & shapes["track"] & shapes["m1"]).merged())
    pins = Finder(shapes["pin"])
    reads, tops = Finder(shapes["read"]), Finder(shapes["m1"])
    owner: dict[int, str] = {}
    out = []
    for pillar in pillars:
        place = f"device at {where(*centre(pillar.bbox()))}"
        on = [k for k in tracks.near(pillar.bbox()) if db.Region(pillar).interacting(tracks.region(k)).count()]
        core = db.Region(pillar) & _joined(tracks, on)
        if core.is_empty():
            raise InputError(f"{place}: its pillar stands on no track")
        if len(on) > 1:
            raise InputError(f"{place}: its track is cut in half under the pillar (DW_IN and DW_OUT are not joined)")
        if on[0] in owner:
            raise InputError(f"{place}: its track also carries the {owner[on[0]]}; one pillar per track")
        owner[on[0]] = place
        core &= _joined(reads, reads.near(pillar.bbox()))
        if core.is_empty():
            raise InputError(f"{place}: no read electrode under its pillar (MTJ_OUT missing)")
        if (core & _joined(tops, tops.near(pillar.bbox()))).is_empty():
            raise InputError(f"{place}: no m1 over its pillar (MTJ_IN missing)")
        out.append(_measured(core.merged(), tracks.polygons[on[0]], contacts, pins, place, frame))
    return out


class EqualDevices:
    """Finds the devices of windows of one layout; where all their layers are alike they are measured once."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._known: dict[tuple[str, ...], list[DeviceShape]] = {}

    def find(self, shapes: dict[str, db.Region], where: Where) -> list[DeviceShape]:
        """As ``find_devices``."""
        if shapes["pillar"].count() != 1:  # none, or a flat layout's: no window of a tile
            return find_devices(shapes, where, self._frame)
        key = tuple(shapes[name].to_s(shapes[name].count()) for name in _LAYERS)  # else the first 20 polygons alone
        if key not in self._known:
            self._known[key] = find_devices(shapes, where, self._frame)
        return self._known[key]


def _joined(finder: Finder, numbers: list[int]) -> db.Region:
    out = db.Region()
    for k in numbers:
        out.insert(finder.polygons[k])
    return out


def _span(box: db.Box, axis: int) -> tuple[int, int]:
    return (box.left, box.right) if axis == 0 else (box.bottom, box.top)


def _measured(
    core: db.Region, track: db.Polygon, contacts: Finder, pins: Finder, place: str, frame: Frame
) -> DeviceShape:
    mine = [contacts.polygons[k] for k in contacts.near(track.bbox())
            if db.Region(contacts.polygons[k]).inside(db.Region(track)).count()]  # fmt: skip
    pillar = core.bbox()
    axis, low, high = _ends(mine, pillar, place)
    _refuse_slanted(low, high, axis, place)
    facing_low = max(_span(c.bbox(), axis)[1] for c in low)
    facing_high = min(_span(c.bbox(), axis)[0] for c in high)
    pinned = [any(db.Region(c).interacting(_joined(pins, pins.near(c.bbox()))).count() for c in end)
              for end in (low, high)]  # fmt: skip
    if pinned[0] == pinned[1]:
        found = "both ends" if pinned[0] else "no end"
        raise InputError(f"{place}: the pin marker covers {found} of its track; it must cover the DW_IN end alone")
    length = facing_high - facing_low
    if length <= 0:
        raise InputError(f"{place}: its two track contacts overlap (track length {length} dbu)")
    box = track.bbox()
    between = (db.Box(facing_low, box.bottom, facing_high, box.top) if axis == 0
               else db.Box(box.left, facing_low, box.right, facing_high))  # fmt: skip
    run = db.Region(track) & db.Region(between)
    stretches = track_widths(run, axis)
    straight, narrowest = goes_straight_on(stretches), narrowest_and_widest(stretches)[0]
    if not straight and narrowest < _POINT:
        raise InputError(f"{place}: its track holds together in a point alone (DW_IN and DW_OUT are not joined)")
    start, end = _span(pillar, axis)
    middle = (start + end) / 2
    return DeviceShape(
        *centre(pillar), length=length, track_width=run.area() / length,
        narrowest_width=narrowest,
        track_squares=squares(stretches) if straight else _solved_squares(run, axis, (facing_low, facing_high), frame),
        pillar_width=end - start, pillar_centre=middle - facing_low if pinned[0] else facing_high - middle,
        pillar_area=area_of(core), pillar=pillar,
        contacts_in=tuple(low if pinned[0] else high), contacts_out=tuple(high if pinned[0] else low),
    )  # fmt: skip


def _refuse_slanted(low: list[db.Polygon], high: list[db.Polygon], axis: int, place: str) -> None:
    """Lengths and widths are read along x or y: those of a track that runs between them are others."""
    ends = [sum((db.Region(c) for c in end), db.Region()).bbox().center() for end in (low, high)]
    way = (ends[1].x - ends[0].x, ends[1].y - ends[0].y)
    if abs(way[1 - axis]) > _SLANT * abs(way[axis]):
        raise InputError(f"{place}: its track runs neither along x nor along y, its size cannot be read")


def _solved_squares(run: db.Region, axis: int, ends: tuple[int, int], frame: Frame) -> float:
    """Squares of a track that goes on beside itself, where current flows aslant: as of any sheet."""
    siemens = 0.0
    for polygon in run.merged().each():
        lines = [
            Line(axis == 0, at, *sorted((edge.p1.y, edge.p2.y) if axis == 0 else (edge.p1.x, edge.p2.x)))
            for at in ends
            for edge in polygon.each_edge()
            if {(p.x, p.y)[axis] for p in (edge.p1, edge.p2)} == {at}
        ]
        low = [line.at == ends[0] for line in lines]
        if 0 < sum(low) < len(lines):
            siemens -= solve(polygon, lines, [], frame).matrix[low][:, [not each for each in low]].sum()
    return 1 / siemens


def _ends(mine: list[db.Polygon], pillar: db.Box, place: str) -> tuple[int, list[db.Polygon], list[db.Polygon]]:
    """The track's axis and its contacts on either side of the pillar."""
    if not mine:
        raise InputError(f"{place}: its track has no contact (DW_IN and DW_OUT missing)")
    centres = [centre(c.bbox()) for c in mine]
    middle = centre(pillar)
    # The end contacts lie away from the pillar along the track, even when only one of them is left.
    reach = [max(abs(c[k] - middle[k]) for c in centres) for k in (0, 1)]
    axis = 0 if reach[0] >= reach[1] else 1
    low = [c for c, at in zip(mine, centres, strict=True) if at[axis] < middle[axis]]
    high = [c for c, at in zip(mine, centres, strict=True) if at[axis] >= middle[axis]]
    if not (low and high):
        side = ("right", "top")[axis] if low else ("left", "bottom")[axis]
        raise InputError(
            f"{place}: its track has no contact at the {side} end (DW_IN or DW_OUT missing: a cut track, or a missing "
            "vt or m1)"
        )
    return axis, low, high
