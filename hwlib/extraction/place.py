"""Finding polygons by place."""

from __future__ import annotations

from collections import defaultdict

import klayout.db as db

LARGE = 64  # bins: a polygon over more is kept in one common list


def centre(box: db.Box) -> tuple[float, float]:
    """Its middle, in database units."""
    return (box.left + box.right) / 2, (box.bottom + box.top) / 2


def area_of(region: db.Region) -> float:
    """Its area, overlaps once, in squares of the database unit; KLayout's own counts whole squares alone."""
    doubled: int = sum(polygon.area2() for polygon in region.merged().each())
    return doubled / 2


class Finder:
    """The polygons of a merged region, binned for look-ups by box."""

    def __init__(self, region: db.Region):
        self.polygons: list[db.Polygon] = list(region.each())
        self._boxes = [p.bbox() for p in self.polygons]
        sizes = sorted(min(b.width(), b.height()) for b in self._boxes)
        self._step = max(4 * sizes[len(sizes) // 2], 1) if sizes else 1
        self._bins: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._large: list[int] = []
        for k, box in enumerate(self._boxes):
            cells = self._cells(box)
            if cells is None:
                self._large.append(k)
            else:
                for cell in cells:
                    self._bins[cell].append(k)

    def _cells(self, box: db.Box) -> list[tuple[int, int]] | None:
        x0, x1 = box.left // self._step, box.right // self._step
        y0, y1 = box.bottom // self._step, box.top // self._step
        if (x1 - x0 + 1) * (y1 - y0 + 1) > LARGE:
            return None
        return [(x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1)]

    def region(self, number: int) -> db.Region:
        """One polygon as a region."""
        return db.Region(self.polygons[number])

    def near(self, box: db.Box) -> list[int]:
        """Numbers of polygons whose bounding boxes touch ``box``, ascending."""
        cells = self._cells(box)
        if cells is None:
            candidates = set(range(len(self.polygons)))
        else:
            candidates = set(self._large).union(*(self._bins.get(c, ()) for c in cells))
        return sorted(k for k in candidates if self._boxes[k].touches(box))

    def at(self, x: float, y: float) -> int | None:
        """Number of the polygon that holds a point (edges included), or None."""
        point = db.Point(round(x), round(y))
        for k in self.near(db.Box(point.x, point.y, point.x, point.y)):
            if holds(self.polygons[k], point):
                return k
        return None


def holds(polygon: db.Polygon, point: db.Point) -> bool:
    """Whether a polygon holds a point, edges and corners included (KLayout's ``inside`` misses some sharp corners)."""
    return polygon.inside(point) or any(edge.contains(point) for edge in polygon.each_edge())
