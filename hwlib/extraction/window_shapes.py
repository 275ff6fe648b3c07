"""The shapes of one window, and what follows from them alone: the same whatever labels and ports the window has."""

from __future__ import annotations

from typing import NamedTuple

import klayout.db as db

from hwlib.extraction.grid import Line
from hwlib.extraction.place import Finder, area_of


class Landing(NamedTuple):
    """A contact between two conductors, and the number of the polygon that it lies on in each of them."""

    contact: db.Polygon
    lower: int
    upper: int


class WindowShapes:
    """The merged shapes of a window by layer; its conductors are looked up by place.

    Attributes:
        regions: merged region of each layer.
        finders: the polygons of each conductor.
    """

    def __init__(self, regions: dict[str, db.Region], conductors: list[str]):
        self.regions = regions
        self.finders = {name: Finder(regions[name]) for name in conductors}
        self._edges: dict[tuple[str, int], list[Line]] = {}
        self._landings: dict[str, list[Landing]] = {}

    def edges(self, layer: str, number: int) -> list[Line]:
        """The axis-parallel edges of a conductor's polygon."""
        found = self._edges.get((layer, number))
        if found is None:
            found = self._edges[layer, number] = _axis_parallel(self.finders[layer].polygons[number])
        return found

    def landings(self, via: str, lower: str, upper: str) -> list[Landing]:
        """Where a via layer joins two conductors."""
        if via not in self._landings:
            pieces = db.Region()
            if not self.regions[via].is_empty():
                pieces = (self.regions[via] & self.regions[lower] & self.regions[upper]).merged()
            self._landings[via] = [Landing(p, self.under(lower, p), self.under(upper, p)) for p in pieces.each()]
        return self._landings[via]

    def under(self, layer: str, contact: db.Polygon) -> int:
        """Number of a conductor's polygon that a contact lies on."""
        finder = self.finders[layer]
        near = finder.near(contact.bbox())
        if len(near) > 1:
            here = db.Region(contact)
            near.sort(key=lambda k: -area_of(db.Region(finder.polygons[k]) & here))
        return near[0]


def _axis_parallel(polygon: db.Polygon) -> list[Line]:
    out = []
    for e in polygon.each_edge():
        x1, y1, x2, y2 = e.x1, e.y1, e.x2, e.y2
        if x1 == x2:
            out.append(Line(True, x1, min(y1, y2), max(y1, y2)))
        elif y1 == y2:
            out.append(Line(False, y1, min(x1, x2), max(x1, x2)))
    return out
