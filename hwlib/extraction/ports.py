"""Matching the boundary ports of placed windows by coordinates, all at once."""

from __future__ import annotations

import numpy as np

from hwlib.errors import InputError
from hwlib.extraction.parts import Part

AT_BITS, MIDDLE_BITS = 28, 29  # of a sorting key: coordinate of the line, twice the middle of the segment


class PortTable:
    """Every port of every placement. Two ports join when they are the same segment of the same layer.

    Ports are numbered part by part, placement by placement, in the order of the part's lines.

    Attributes:
        pairs: numbers of joined ports, shape (pairs, 2).
        free: numbers of ports that no window shares.
    """

    def __init__(self, parts: list[Part]):
        key, low = [], []
        corner = _corner(parts)
        for part in parts:
            line = part.lines
            vertical = line[:, 1].astype(bool)
            x, y = (part.dx - corner)[:, None], (part.dy - corner)[:, None]
            own = (line[:, 0] * 2 + line[:, 1] << AT_BITS + MIDDLE_BITS) + (line[:, 2] << MIDDLE_BITS)
            own += line[:, 3] + line[:, 4]
            key.append((own + np.where(vertical, (x << MIDDLE_BITS) + 2 * y, (y << MIDDLE_BITS) + 2 * x)).ravel())
            low.append(np.where(vertical, (line[:, 3] + y).astype(np.int32), (line[:, 3] + x).astype(np.int32)).ravel())
        self._corner = corner
        self._key = _joined(key, np.int64)
        self._low = _joined(low, np.int32)
        order = np.argsort(self._key).astype(np.int32)
        ranked = self._key[order]
        twin = np.flatnonzero(ranked[1:] == ranked[:-1])
        first, second = order[twin], order[twin + 1]
        same = self._low[first] == self._low[second]
        self.pairs = np.stack([first[same], second[same]], axis=1)
        self._used = np.zeros(len(order), bool)
        self._used[self.pairs.ravel()] = True
        self.free = np.flatnonzero(~self._used)

    def meets_rest(self, contact: np.ndarray) -> None:
        """Note which free ports (numbers into ``free``) join what lies outside the windows."""
        self._used[self.free[contact]] = True

    def used(self, parts: list[Part]) -> list[np.ndarray]:
        """For each part which of its lines join something in any placement."""
        out: list[np.ndarray] = []
        first = 0
        for part in parts:
            shape = (len(part.rows), len(part.lines))
            out.append(np.any(self._used[first : first + shape[0] * shape[1]].reshape(shape), axis=0))
            first += shape[0] * shape[1]
        return out

    def placements(self, parts: list[Part]) -> np.ndarray:
        """Placement of every port."""
        return _joined([np.repeat(p.rows, len(p.lines)) for p in parts], np.int32)

    def nodes(self, parts: list[Part]) -> np.ndarray:
        """Global node of every port (meaningless where it joins nothing)."""
        return _joined([p.nodes(p.port_node).ravel() for p in parts], np.int32)

    def nets(self, parts: list[Part]) -> np.ndarray:
        """Global piece of conductor of every port, as ``nodes``."""
        return _joined([p.nets(p.net.net[p.port_node]).ravel() if len(p.net.net) else p.nets(p.port_node).ravel()
                        for p in parts], np.int32)  # fmt: skip

    def free_lines(self) -> np.ndarray:
        """The free ports' segments in dbu: layer index, vertical, at, low, high; shape (free, 5)."""
        key, low = self._key[self.free], self._low[self.free].astype(np.int64)
        kind = key >> (AT_BITS + MIDDLE_BITS)
        at = (key >> MIDDLE_BITS) & ((1 << AT_BITS) - 1)
        high = (key & ((1 << MIDDLE_BITS) - 1)) - low
        shift = self._corner
        return np.stack([kind // 2, kind % 2, at + shift, low + shift, high + shift], axis=1)

    def mismatched(self) -> np.ndarray:
        """Free ports that meet another window's port in part only: those windows cannot be joined node to node."""
        lines = self.free_lines()
        if not len(lines):
            return np.zeros(0, np.int64)
        _, line = np.unique(lines[:, :3], axis=0, return_inverse=True)
        order = np.lexsort((lines[:, 3], line))
        lift = line[order] * (
            int(lines[:, 4].max() - lines[:, 3].min()) + 2
        )  # keeps lines apart in one running maximum
        low, high = lines[order, 3] + lift, lines[order, 4] + lift
        top = np.maximum.accumulate(high)
        owner = np.maximum.accumulate(np.where(high == top, np.arange(len(order)), 0))
        later = np.flatnonzero(low[1:] < top[:-1]) + 1
        return self.free[order[np.unique(np.concatenate([later, owner[later - 1]]))]]


def _joined(parts: list[np.ndarray], kind: type) -> np.ndarray:
    return np.concatenate([p.astype(kind, copy=False) for p in parts]) if parts else np.zeros(0, kind)


def _corner(parts: list[Part]) -> int:
    """The least coordinate of any port; all fit the bits of a key."""
    low, high = [], []
    for part in parts:
        lines = part.lines[:, 2:]
        if lines.size and len(part.dx):
            low.append(int(lines.min() + min(part.dx.min(), part.dy.min())))
            high.append(int(lines.max() + max(part.dx.max(), part.dy.max())))
    corner = min(low, default=0)
    if max(high, default=0) - corner >= 1 << AT_BITS:
        raise InputError(f"the layout is larger than {1 << AT_BITS} database units")
    return corner
