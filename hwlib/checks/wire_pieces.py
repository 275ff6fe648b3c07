"""Shapes at hand by their place: wires of thousands of corners, of which only what is near is looked at."""

from __future__ import annotations

import klayout.db as kdb


class PlacedShapes:
    """Polygons of a region, found by place.

    Args:
        region: any shapes.
    """

    def __init__(self, region: kdb.Region):
        self._shapes = kdb.Shapes()
        self._shapes.insert(region)

    def near(self, box: kdb.Box) -> kdb.Region:
        """The shapes that touch a box."""
        found = kdb.Region()
        for shape in self._shapes.each_touching(box):
            found.insert(shape.polygon)
        return found


class WirePieces:
    """Wires and the trapezoids they consist of.

    Attributes:
        wires: the polygons.

    Args:
        region: merged, so that no two wires touch.
    """

    def __init__(self, region: kdb.Region):
        self.wires: list[kdb.Polygon] = list(region.each())
        self._pieces = kdb.Shapes()
        for number, wire in enumerate(self.wires):
            for piece in wire.decompose_trapezoids():
                self._pieces.insert(kdb.SimplePolygonWithProperties(piece, number))

    def wire_at(self, box: kdb.Box) -> int:
        """Number of the wire that a box lies in."""
        here = kdb.Region(box)
        for piece in self._pieces.each_overlapping(box):
            if not (kdb.Region(piece.polygon) & here).is_empty():
                return int(piece.prop_id)
        raise ValueError(f"no wire at {box}")

    def near(self, number: int, box: kdb.Box) -> kdb.Region:
        """The pieces of a wire that touch a box."""
        found = kdb.Region()
        for piece in self._pieces.each_touching(box):
            if piece.prop_id == number:
                found.insert(piece.polygon)
        return found

    def is_joined(self, number: int, uses: kdb.Region) -> bool:
        """Whether any of some shapes touches a wire."""
        return any(not self.near(number, use.bbox()).interacting(kdb.Region(use)).is_empty() for use in uses.each())
