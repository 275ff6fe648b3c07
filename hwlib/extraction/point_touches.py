"""Conductors that touch in a point alone: one net, as KLayout sees it, but no way for a current."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hwlib.connected_parts import connected_parts
from hwlib.extraction.parts import Part


class PointTouch(NamedTuple):
    """Two pieces that touch in a point: layer, place in dbu; what is on each side of it.

    ``nets`` are the window nets that current connects with the one side and with the other.
    """

    layer: str
    x: int
    y: int
    nets: tuple[np.ndarray, np.ndarray]


def join_points(parts: list[Part], pieces: int, piece: np.ndarray) -> tuple[int, np.ndarray, list[PointTouch]]:
    """Make pieces that touch in a point one.

    Args:
        parts: the windows, numbered.
        pieces: how many pieces of conductor current connects.
        piece: that of each window net.

    Returns:
        The pieces after it, that of each window net, and the touches that joined two.
    """
    found, pairs = [], []
    for part in parts:
        for touch in part.net.touches:
            ends = piece[part.nets(np.array([touch.first, touch.second]))]
            for k in np.flatnonzero(ends[:, 0] != ends[:, 1]).tolist():
                first, second = (np.flatnonzero(piece == end) for end in ends[k])
                place = touch.x + int(part.dx[k]), touch.y + int(part.dy[k])
                found.append(PointTouch(touch.layer, *place, (first, second)))
                pairs.append(ends[k])
    if not found:
        return pieces, piece, []
    fewer, joined = connected_parts(pieces, *np.array(pairs).T)
    return fewer, joined[piece], found


def held_by_point(points: list[PointTouch], used: np.ndarray) -> PointTouch | None:
    """The first touch that a net hangs by: window nets with labels or devices (``used``) are on both its sides."""
    return next((point for point in points if all(np.isin(side, used).any() for side in point.nets)), None)
