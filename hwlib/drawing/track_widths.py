"""How wide a drawn track is from place to place."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import klayout.db as db

_LEAST = 1e-9  # dbu; where a track meets itself in one point

Spans = tuple[tuple[float, float], ...]  # from, to across the track, in dbu; several beside a slit


class Stretch(NamedTuple):
    """A piece of a track along which its sides are straight: what is drawn at its low and at its high end, in dbu."""

    length: float
    first: Spans
    last: Spans

    @property
    def widths(self) -> tuple[float, float]:
        """At both ends; slits do not count."""
        first, last = (max(sum(high - low for low, high in spans), _LEAST) for spans in (self.first, self.last))
        return first, last

    @property
    def lean(self) -> float:
        """Sideways way of both its sides, by its length; 0 where they part or near each other."""
        (low0, high0), (low1, high1) = ((min(spans)[0], max(s[1] for s in spans)) for spans in (self.first, self.last))
        ways = low1 - low0, high1 - high0
        return min(map(abs, ways)) / self.length if ways[0] * ways[1] > 0 else 0.0


class _Strip(NamedTuple):
    """A trapezoid between two level sides: their places, and their ends."""

    low: float
    high: float
    first: tuple[float, float]
    last: tuple[float, float]

    def sides(self, y: float) -> tuple[float, float]:
        """Where it begins and ends at a height."""
        share = (y - self.low) / (self.high - self.low)
        left, right = (a + (b - a) * share for a, b in zip(self.first, self.last, strict=True))
        return left, right


def track_widths(track: db.Region, axis: int) -> list[Stretch]:
    """The widths of a track that runs along x (``axis`` 0) or y (1), piece by piece from its low end."""
    upright = track.transformed(db.Trans.R90) if axis == 0 else track
    strips = []
    for polygon in upright.merged().each():
        for t in polygon.decompose_trapezoids(db.Polygon.TD_htrapezoids):
            low, high = t.bbox().bottom, t.bbox().top
            below, above = ([q.x for q in t.each_point() if q.y == y] for y in (low, high))
            strips.append(_Strip(low, high, (min(below), max(below)), (min(above), max(above))))
    cuts = sorted({y for strip in strips for y in (strip.low, strip.high)})
    stretches = []
    for y0, y1 in itertools.pairwise(cuts):
        here = sorted(strip for strip in strips if strip.low <= y0 and strip.high >= y1)
        first, last = (tuple(strip.sides(y) for strip in here) for y in (y0, y1))
        stretches.append(Stretch(y1 - y0, first, last))
    return stretches


def narrowest_and_widest(stretches: list[Stretch]) -> tuple[float, float]:
    """Smallest and largest width that current finds in a track, dbu.

    Where the track goes on beside itself that is what both pieces share, where it leans what is across its sides.
    """
    widths = [width for stretch in stretches for width in stretch.widths]
    across = [min(s.widths) / math.hypot(1, s.lean) for s in stretches]
    return min(*widths, *across, *_passages(stretches)), max(widths)


def goes_straight_on(stretches: list[Stretch]) -> bool:
    """Whether every two pieces of a track join over the whole width of the narrower one."""
    narrower = [min(a.widths[1], b.widths[0]) for a, b in itertools.pairwise(stretches)]
    return all(p >= w * (1 - 1e-9) for p, w in zip(_passages(stretches), narrower, strict=True))


def squares(stretches: list[Stretch]) -> float:
    """Squares of a track that goes straight on, by its width from place to place."""
    total = 0.0
    for stretch in stretches:
        narrow, wide = sorted(stretch.widths)
        mean = math.log(wide / narrow) / (wide - narrow) if wide > narrow * (1 + 1e-9) else 1 / narrow
        total += stretch.length * mean * (1 + stretch.lean**2)  # longer, and narrower across its sides
    return total


def _passages(stretches: list[Stretch]) -> Iterator[float]:
    """What every two neighbours share where they meet, in dbu."""
    for a, b in itertools.pairwise(stretches):
        shared = (min(p[1], q[1]) - max(p[0], q[0]) for p in a.last for q in b.first)
        yield max(sum(max(s, 0.0) for s in shared), _LEAST)
