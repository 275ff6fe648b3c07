"""How wide a drawn track is from place to place."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import klayout.db as db

_LEAST = 1e-9  # dbu; where a track meets itself in one point


class Stretch(NamedTuple):
    """A piece of a track along which its width changes evenly; all in dbu."""

    length: float
    first: float
    last: float


def track_widths(track: db.Region, axis: int) -> list[Stretch]:
    """The widths of a track that runs along x (``axis`` 0) or y (1), piece by piece from its low end.

    Slits do not count: the width of a place is the sum of what is drawn there.
    """
    upright = track.transformed(db.Trans.R90) if axis == 0 else track
    strips = []
    for polygon in upright.merged().each():
        for t in polygon.decompose_trapezoids(db.Polygon.TD_htrapezoids):
            low, high = t.bbox().bottom, t.bbox().top
            ends = [[q.x for q in t.each_point() if q.y == y] for y in (low, high)]
            strips.append((low, high, *(max(x, default=0) - min(x, default=0) for x in ends)))
    cuts = sorted({y for strip in strips for y in strip[:2]})
    stretches = []
    for y0, y1 in itertools.pairwise(cuts):
        here = [strip for strip in strips if strip[0] <= y0 and strip[1] >= y1]
        first, last = (sum(a + (b - a) * (y - low) / (high - low) for low, high, a, b in here) for y in (y0, y1))
        stretches.append(Stretch(y1 - y0, max(first, _LEAST), max(last, _LEAST)))
    return stretches


def narrowest_and_widest(stretches: list[Stretch]) -> tuple[float, float]:
    """Smallest and largest width of a track, dbu."""
    widths = [width for stretch in stretches for width in (stretch.first, stretch.last)]
    return min(widths), max(widths)
