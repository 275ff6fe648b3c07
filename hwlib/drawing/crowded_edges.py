"""Polygons of thousands of small steps: a rule of width or space looks at every pair of edges that are near."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import klayout.db as kdb
import numpy as np

from hwlib.errors import InputError
from hwlib.process import Process

# KLayout takes 3 to 16 ns for an edge times the square of how many are near it, each shielding the others.
MOST, WITH_PILLAR = 300_000_000, 100_000
CORNERS = 200  # of a polygon that is looked at
SHAPES = CORNERS // 4  # narrow ones of a cell, that may merge into such a polygon
EDGES, COMPARED = 256, 10_000_000  # edges of a polygon that are tried, and pairs of them with all


def refuse_crowded_edges(
    layout: kdb.Layout, where: str, process: Process, layers: dict[str, int], pillars: int
) -> None:  # fmt: skip
    """Refuse a layout with polygons whose edges crowd so that their widths and spaces take minutes to check.

    Args:
        layout: the layout.
        where: its name, for messages.
        process: says how far rules reach.
        layers: indices of the process's layers, by name.
        pillars: of the layout; a large one has more edges.

    Raises:
        InputError: the first such layer, a place on it, and how much can be handled.
    """
    most = MOST + WITH_PILLAR * pillars
    for name, index in layers.items():
        reach = _reach(process, name)
        steps = round(reach / (layout.dbu * 1e-6))
        if not steps:
            continue
        found = [_crowd(polygon, steps) for polygon in _many_cornered(layout, index, steps)]
        edges, cost = sum(crowd.edges for crowd in found), sum(crowd.cost for crowd in found)
        if cost <= most:
            continue
        place = max(found, key=lambda crowd: crowd.cost).box.center().to_dtype(layout.dbu)
        raise InputError(
            f"{where}: polygons on layer {name} have {edges} edges, each with about {math.sqrt(cost / edges):.0f} "
            f"others within {reach * 1e9:.6g} nm, as at ({place.x:.3f}, {place.y:.3f}) µm; "
            f"{math.sqrt(most / edges):.0f} can be handled"
        )


def _reach(process: Process, name: str) -> float:
    """How far apart edges of a layer are that its rules compare, in m."""
    layer = process.layers[name]
    return max(layer.min_width or 0.0, layer.min_space or 0.0)


def _many_cornered(layout: kdb.Layout, index: int, reach: int) -> Iterator[kdb.Polygon]:
    """Polygons of each cell's own shapes that have many corners, merged where pieces may be narrow steps."""
    for cell in layout.each_cell():
        shapes = cell.shapes(index)
        cornered = shapes.each(kdb.Shapes.SPolygons | kdb.Shapes.SPaths)
        if _narrow(shapes, reach) > SHAPES or any(shape.polygon.num_points() > CORNERS for shape in cornered):
            merged = kdb.Region(shapes).merged()
            yield from (polygon for polygon in merged.each() if polygon.num_points() > CORNERS)


def _narrow(shapes: kdb.Shapes, reach: int) -> int:
    """How many shapes are less than half as wide as rules reach."""
    if shapes.size() <= SHAPES:
        return 0
    region = kdb.Region(shapes)
    region.merged_semantics = False
    return int(region.with_bbox_min(0, reach // 2, False).count())


class _Crowd(NamedTuple):
    """A polygon's box, how many edges it has, and the sum over them of the square of how many are near."""

    box: kdb.Box
    edges: int
    cost: float


def _crowd(polygon: kdb.Polygon, reach: int) -> _Crowd:
    boxes = np.array([(e.bbox().left, e.bbox().bottom, e.bbox().right, e.bbox().top) for e in polygon.each_edge()])
    count = len(boxes)
    tried = max(min(EDGES, COMPARED // count), 1)
    some = boxes[:: -(-count // tried)][:, None]
    near = (some[..., :2] - reach < boxes[:, 2:]) & (boxes[:, :2] < some[..., 2:] + reach)
    cost = float((near.all(axis=2).sum(axis=1, dtype=float) ** 2).mean()) * count
    return _Crowd(polygon.bbox(), count, cost)
