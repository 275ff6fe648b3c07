"""Where metal touches metal in a point alone: one piece for KLayout, no way for a current."""

from __future__ import annotations

import klayout.db as kdb


def touching_points(region: kdb.Region) -> list[kdb.Point]:
    """Points in which parts of a layer touch that touch nowhere else, ascending.

    Args:
        region: shapes of a layer, merged or not.
    """
    parts = region.dup()
    parts.min_coherence = True  # a polygon that hangs together by a point is two
    found = {
        (point.x, point.y)
        for meet in parts.isolated_check(1, False, kdb.Metrics.Euclidian, 180).each()
        for edge, other in ((meet.first, meet.second), (meet.second, meet.first))
        for point in (edge.p1, edge.p2)
        if other.contains(point)
    }
    return [kdb.Point(*place) for place in sorted(found)]
