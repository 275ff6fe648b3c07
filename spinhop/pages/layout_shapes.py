"""A layout's polygons as data of a page: cells and where they are placed, as in the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import klayout.db as kdb

    from hwlib.process import Process

MOST_NUMBERS = 400_000  # coordinates of all cells: about 2 MB of a page
MOST_DRAWN = 400_000  # polygons as placed: a browser takes some seconds to put as many together
_OF_PLACE = 13  # numbers that say where a cell stands
HIDDEN = ("outline",)
OPACITY = {"conductor": 0.5, "marker": 0.25, "via": 0.95}


def shape_data(layout: kdb.Layout, process: Process) -> dict[str, Any] | None:
    """The polygons of a layout on the layers of a process, bottom to top; None where they are too many for a page.

    Args:
        layout: with one top cell.
        process: names, colours and order of the layers.

    Returns:
        ``unit`` (µm), ``box`` of all, ``layers``, ``top`` and ``cells``: of each its ``boxes`` and ``polygons`` by
        layer and ``places``: cell, matrix, offset, and how often in which steps.
    """
    shown = {
        name: index for name, layer in process.layers.items()
        if name not in HIDDEN and (index := layout.find_layer(*layer.gds)) is not None
        and not layout.top_cell().bbox(index).empty()
    }  # fmt: skip
    if not shown:
        return None
    numbers = {layout.top_cell().cell_index(): 0}
    order = [layout.top_cell()]
    for cell in order:  # grows while cells below are found
        for child in cell.each_child_cell():
            if child not in numbers:
                numbers[child] = len(order)
                order.append(layout.cell(child))
    indices, left = list(shown.values()), MOST_NUMBERS
    left -= _OF_PLACE * sum(cell.child_instances() for cell in order)
    if left < 0 or _drawn(order, indices) > MOST_DRAWN:
        return None
    cells = []
    for cell in order:
        data = _cell(cell, indices, numbers)
        left -= sum(len(points) for _, points in (*data["boxes"], *data["polygons"]))
        if left < 0:
            return None
        cells.append(data)
    box = layout.top_cell().bbox(next(iter(shown.values())))
    for index in shown.values():
        box += layout.top_cell().bbox(index)
    layers = [_layer(name, process) for name in shown]
    return {
        "unit": layout.dbu,
        "box": [box.left, box.bottom, box.right, box.top],
        "layers": layers,
        "top": 0,
        "cells": cells,
    }


def _layer(name: str, process: Process) -> dict[str, Any]:
    layer = process.layers[name]
    return {"name": name, "colour": layer.color, "opacity": OPACITY.get(layer.kind, 0.7)}


def _drawn(order: list[kdb.Cell], layers: list[int]) -> int:
    """Polygons of all cells as placed."""
    placed = _instances(order)
    return sum(placed[cell.cell_index()] for cell in order for index in layers for _ in _filled(cell, index))


def _instances(order: list[kdb.Cell]) -> dict[int, int]:
    """How often each cell stands in the top cell, by its index."""
    layout = order[0].layout()
    found = dict.fromkeys((cell.cell_index() for cell in order), 0)
    found[order[0].cell_index()] = 1
    for index in layout.each_cell_top_down():
        for place in layout.cell(index).each_inst() if found.get(index) else ():
            found[place.cell_index] += found[index] * max(1, place.na) * max(1, place.nb)
    return found


def _cell(cell: kdb.Cell, layers: list[int], numbers: dict[int, int]) -> dict[str, Any]:
    boxes, polygons = [], []
    for k, index in enumerate(layers):
        flat: list[int] = []
        for shape in _filled(cell, index):
            polygon = shape.polygon
            if polygon.is_box():
                box = polygon.bbox()
                flat += [box.left, box.bottom, box.right, box.top]
            else:
                points = polygon.resolved_holes().each_point_hull()
                polygons.append([k, [value for point in points for value in (point.x, point.y)]])
        if flat:
            boxes.append([k, flat])
    return {"boxes": boxes, "polygons": polygons, "places": [_place(each, numbers) for each in cell.each_inst()]}


def _filled(cell: kdb.Cell, index: int) -> Iterator[kdb.Shape]:
    return (shape for shape in cell.shapes(index).each() if shape.is_box() or shape.is_polygon() or shape.is_path())


def _place(instance: kdb.Instance, numbers: dict[int, int]) -> list[float]:
    move, cell = instance.cplx_trans, numbers[instance.cell_index]
    (a, b), (c, d) = (_direction(move, *axis) for axis in ((1, 0), (0, 1)))
    steps = (max(1, instance.na), instance.a.x, instance.a.y, max(1, instance.nb), instance.b.x, instance.b.y)
    return [cell, a, b, c, d, move.disp.x, move.disp.y, *steps]


def _direction(move: kdb.ICplxTrans, x: int, y: int) -> tuple[float, float]:
    """Where a unit vector points after a move; whole numbers unless it is turned by an odd angle or magnified."""
    import klayout.db as kdb

    end = kdb.DCplxTrans(move.mag, move.angle, move.is_mirror(), 0, 0) * kdb.DVector(x, y)
    return tuple(int(v) if v == round(v) else round(v, 9) for v in (end.x, end.y))  # type: ignore[return-value]
