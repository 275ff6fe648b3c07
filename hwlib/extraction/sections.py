"""Straight sections of a rectilinear polygon: the stretches where current flows along one axis."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

EdgeXY = tuple[int, int, int, int]


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


def slabs(edges: list[EdgeXY]) -> list[tuple[int, int, list[tuple[int, int]]]]:
    """Cut a rectilinear polygon at every vertex x: list of (x0, x1, [(y low, y high), …])."""
    flat = np.array([(e[1], min(e[0], e[2]), max(e[0], e[2])) for e in edges if e[1] == e[3]])
    flat = flat[np.argsort(flat[:, 0], kind="stable")]
    cuts = np.unique(flat[:, 1:])
    out = []
    for x0, x1 in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        ys = flat[(flat[:, 1] <= x0) & (flat[:, 2] >= x1), 0].tolist()
        out.append((x0, x1, list(zip(ys[::2], ys[1::2], strict=True))))
    return out


def _along(edges: list[EdgeXY], horizontal: bool) -> list[Section]:
    columns = slabs(edges)
    sections: list[Section] = []
    open_: dict[tuple[int, int], tuple[int, bool]] = {}
    previous: list[tuple[int, int]] = []
    for x0, _, intervals in [*columns, (columns[-1][1], 0, [])]:
        kept = set(intervals) & set(open_)
        for interval in set(open_) - kept:
            start, joined = open_.pop(interval)
            sections.append(Section(horizontal, start, x0, *interval, joined, _touches(interval, intervals)))
        for interval in intervals:
            if interval not in kept:
                open_[interval] = (x0, _touches(interval, previous))
        previous = intervals
    return sections


def _touches(interval: tuple[int, int], others: list[tuple[int, int]]) -> bool:
    return any(low < interval[1] and high > interval[0] for low, high in others)


def sections(edges: list[EdgeXY]) -> list[Section]:
    """All maximal sections along x and along y of a rectilinear polygon (hull and holes as edges)."""
    turned = [(y1, x1, y2, x2) for x1, y1, x2, y2 in edges]
    return _along(edges, True) + _along(turned, False)
