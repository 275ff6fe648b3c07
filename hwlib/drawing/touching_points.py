"""Where metal touches metal in a point alone: one piece for KLayout, no way for a current."""

from __future__ import annotations

from collections.abc import Iterator

import klayout.db as kdb


def touching_points(region: kdb.Region) -> list[kdb.Point]:
    """Points in which parts of a layer touch that touch nowhere else, ascending.

    Args:
        region: shapes of a layer, merged or not.
    """
    found = {(point.x, point.y) for point, _ in _touches(region)}
    return [kdb.Point(*place) for place in sorted(found)]


def gaps_at_points(region: kdb.Region) -> kdb.Region:
    """What to take away so that parts of a layer no longer touch in points; empty where none do.

    Edges that hardly part from a point on would meet again there, rounded to whole database units: they are followed
    as far as they are less than one apart.

    Args:
        region: shapes of a layer, merged or not.
    """
    gaps = kdb.Region()
    for point, edge in _touches(region):
        gaps.insert(kdb.Box(point, point).enlarged(1, 1))
        if not edge.is_degenerate():
            gaps.insert(kdb.Path([edge.p1, edge.p2], 2, 1, 1).polygon())
    return gaps


def _touches(region: kdb.Region) -> Iterator[tuple[kdb.Point, kdb.Edge]]:
    """Each such point with the edges that meet there, as far as they are within a database unit."""
    parts = region.dup()
    parts.min_coherence = True  # a polygon that hangs together by a point is two
    for meet in parts.isolated_check(1, False, kdb.Metrics.Euclidian, 180).each():
        for edge, other in ((meet.first, meet.second), (meet.second, meet.first)):
            for point in (edge.p1, edge.p2):
                if other.contains(point):
                    yield point, edge
