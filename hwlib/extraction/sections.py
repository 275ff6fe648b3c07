"""Straight sections of a polygon: the stretches where current flows along one axis."""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import NamedTuple

import numpy as np

EdgeXY = tuple[float, float, float, float]
Interval = tuple[float, float]


class Section(NamedTuple):
    """A rectangle that is the polygon's whole cross-section along its axis; lengths in dbu.

    ``start`` … ``end`` run along the axis, ``low`` … ``high`` across. ``joins_start``/``joins_end``: other parts of the
    polygon touch that end.
    """

    horizontal: bool
    start: int
    end: int
    low: int
    high: int
    joins_start: bool
    joins_end: bool

    @property
    def width(self) -> int:
        """Size across the axis."""
        return self.high - self.low

    @property
    def length(self) -> int:
        """Size along the axis."""
        return self.end - self.start


def slabs(edges: list[EdgeXY]) -> list[tuple[float, float, list[Interval]]]:
    """Cut a rectilinear polygon at every vertex x: list of (x0, x1, [(y low, y high), …])."""
    flat = np.array([(e[1], min(e[0], e[2]), max(e[0], e[2])) for e in edges if e[1] == e[3]])
    flat = flat[np.argsort(flat[:, 0], kind="stable")]
    cuts = np.unique(flat[:, 1:])
    out = []
    for x0, x1 in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        ys = flat[(flat[:, 1] <= x0) & (flat[:, 2] >= x1), 0].tolist()
        out.append((x0, x1, list(zip(ys[::2], ys[1::2], strict=True))))
    return out


def _bands(edges: list[EdgeXY]) -> list[tuple[float, float, list[Interval], list[Interval]]]:
    """As ``slabs`` for any polygon: intervals between level edges, and the extent of those beside a slanted one."""
    if all(e[0] == e[2] or e[1] == e[3] for e in edges):
        return [(x0, x1, intervals, []) for x0, x1, intervals in slabs(edges)]
    across = [(min(e, (*e[2:], *e[:2])), e[1] == e[3]) for e in edges if e[0] != e[2]]
    cuts = sorted({x for e, _ in across for x in (e[0], e[2])})
    out = []
    for x0, x1 in itertools.pairwise(cuts):
        ends = []
        for (xa, ya, xb, yb), level in across:
            if xa <= x0 and xb >= x1:
                y0, y1 = (ya + (yb - ya) * (x - xa) / (xb - xa) for x in (x0, x1))
                ends.append((y0 + y1, min(y0, y1), max(y0, y1), level))
        ends.sort()
        pairs = list(zip(ends[::2], ends[1::2], strict=True))
        straight = [(a[1], b[2]) for a, b in pairs if a[3] and b[3]]
        out.append((x0, x1, straight, [(a[1], b[2]) for a, b in pairs if not (a[3] and b[3])]))
    return out


def _along(edges: list[EdgeXY], horizontal: bool) -> list[Section]:
    bands = _bands(edges)
    sections: list[Section] = []
    open_: dict[Interval, tuple[float, bool]] = {}
    previous: list[Interval] = []
    for x0, _, intervals, slanted in [*bands, (bands[-1][1], 0, [], [])]:
        kept = set(intervals) & set(open_)
        for interval in sorted(set(open_) - kept):
            start, joined = open_.pop(interval)
            ends = (int(start), int(x0), int(interval[0]), int(interval[1]))
            sections.append(Section(horizontal, *ends, joined, _touches(interval, intervals + slanted)))
        for interval in intervals:
            if interval not in kept:
                open_[interval] = (x0, _touches(interval, previous))
        previous = intervals + slanted
    return sections


def _touches(interval: Interval, others: list[Interval]) -> bool:
    return any(low < interval[1] and high > interval[0] for low, high in others)


@lru_cache(256)  # windows of an array have the same polygons, and many boxes
def sections(edges: tuple[EdgeXY, ...]) -> tuple[Section, ...]:
    """All maximal sections along x and along y of a polygon (hull and holes as edges)."""
    turned = [(y1, x1, y2, x2) for x1, y1, x2, y2 in edges]
    return *_along(list(edges), True), *_along(turned, False)
