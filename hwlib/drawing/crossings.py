"""Polygons that cross themselves: readers of layouts do not agree on what they cover."""

from __future__ import annotations

import klayout.db as kdb


def resolve_crossing(layout: kdb.Layout, layer: int) -> dict[str, kdb.Region]:
    """Replace every polygon of a layer that is not simple by all that it encloses, once.

    A simple polygon encloses each place once or not at all; edges that lie on one another, as where a hole is joined to
    the outline, enclose nothing. Paths are no polygons: the strip they draw may cross itself.

    Args:
        layout: changed in place.
        layer: index of the layer.

    Returns:
        For each cell with such polygons (by name) what they enclose more than once, or the other way round.
    """
    found = {}
    for cell in layout.each_cell():
        shapes = cell.shapes(layer)
        if shapes.is_empty():
            continue
        polygons = kdb.RecursiveShapeIterator(layout, cell, layer)
        polygons.shape_flags = kdb.Shapes.SPolygons
        polygons.max_depth = 0
        if _strange(kdb.Region(polygons)).is_empty():
            continue
        marks = found[cell.name] = kdb.Region()
        for shape in list(shapes.each(kdb.Shapes.SPolygons)):
            polygon = shape.polygon
            strange = _strange(kdb.Region(polygon))
            if not strange.is_empty():
                covered = kdb.Region(polygon).merged()
                marks += covered if polygon.area() == 0 else strange  # halves that cancel: neither is the wrong one
                shape.delete()
                shapes.insert(covered)
    return found


def _strange(region: kdb.Region) -> kdb.Region:
    region.merged_semantics = False
    return region.strange_polygon_check()
