"""Polygons that cross or fold onto themselves: readers of layouts do not agree on what they cover and connect."""

from __future__ import annotations

import klayout.db as kdb

MANY = 200  # places of folds; beyond, every polygon is looked at once
FINEST = 2**29  # coordinates that polygons are made finer to: KLayout counts to 2**31


def resolve_crossing(layout: kdb.Layout, layer: int) -> dict[str, kdb.Region]:
    """Replace every polygon of a layer that is not simple by all that it encloses, once.

    A simple polygon encloses each place once or not at all; edges that lie on one another, as where a hole is joined to
    the outline, enclose nothing, and no current passes along them: a polygon that has any is replaced by what it
    covers as well, which is two where only such edges hold it together. Paths are no polygons: the strip they draw may
    cross itself.

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
            _unfold(shapes, kdb.Region(polygons))
            continue
        marks, simple = kdb.Region(), kdb.Region()
        for shape in list(shapes.each(kdb.Shapes.SPolygons)):
            polygon = shape.polygon
            strange = _strange(kdb.Region(polygon))
            if strange.is_empty():
                simple.insert(polygon)
                continue
            covered = kdb.Region(polygon).merged()
            halves = polygon.area() == 0 and not covered.is_empty()  # they cancel: neither is the wrong one
            marks += covered if halves else strange
            shape.delete()
            shapes.insert(covered)
        found[cell.name] = marks
        _unfold(shapes, simple)
    return found


def _unfold(shapes: kdb.Shapes, region: kdb.Region) -> None:
    """Replace each polygon with edges that lie on one another by what it covers; ``region`` are those that are simple.

    KLayout takes a polygon as one piece of metal, and its edges as its border, whether there is anything between them.
    """
    places = {pair.bbox() for pair in _folds(region).each()}
    if len(places) > MANY:
        folded = set(shapes.each(kdb.Shapes.SPolygons))
    else:
        folded = {shape for place in places for shape in shapes.each_touching(kdb.Shapes.SPolygons, place)}
    for shape in folded:
        if not _folds(kdb.Region(shape.polygon)).is_empty():
            covered = kdb.Region(shape.polygon).merged()
            shape.delete()
            shapes.insert(covered)


def _folds(region: kdb.Region) -> kdb.EdgePairs:
    """Pairs of edges of one polygon that lie on one another, or less than a database unit apart."""
    region.merged_semantics = False
    return region.width_check(1, False, kdb.Metrics.Projection, 1.0)


def _strange(region: kdb.Region) -> kdb.Region:
    """What polygons enclose wrongly. Where edges cross between two database units, a part may be less than one wide."""
    region.merged_semantics = False
    found = region.strange_polygon_check()
    slanted = region.non_rectilinear()
    if not found.is_empty() or slanted.is_empty():
        return found
    box, finer = slanted.bbox(), 1
    while 2 * finer * max(box.width(), box.height()) < FINEST:
        finer *= 2
    slanted = slanted.moved(-box.left, -box.bottom).transformed(kdb.ICplxTrans(float(finer)))
    slanted.merged_semantics = False
    spots = kdb.Region()
    for inner in (polygon.bbox() for polygon in slanted.strange_polygon_check().each()):
        low, high = inner.p1, inner.p2
        spots.insert(kdb.Box(low.x // finer, low.y // finer, -(-high.x // finer), -(-high.y // finer)))
    return spots.moved(box.left, box.bottom)
