"""Wires as rectangles that touch: a plain second way from polygons to connections, for places and planted faults."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import klayout.db as kdb
import numpy as np

from hwlib.checks.connectivity import links
from hwlib.process import Process

Point = tuple[str, float, float]  # layer, x and y in database units


@dataclass(frozen=True)
class Rectangles:
    """Rectangles of several layers.

    Attributes:
        layers: layer names.
        layer: index of each one's layer, shape (rectangles,).
        boxes: left, bottom, right, top in dbu, shape (rectangles, 4).
    """

    layers: tuple[str, ...]
    layer: np.ndarray
    boxes: np.ndarray

    def __len__(self) -> int:
        return len(self.boxes)

    def at(self, points: list[Point]) -> np.ndarray:
        """Indices of the rectangles under any of the points, on the points' layers, ascending."""
        hit: set[int] = set()
        left, bottom, right, top = self.boxes.T
        for layer, x, y in points:
            inside = (left <= x) & (x <= right) & (bottom <= y) & (y <= top)
            hit.update(np.flatnonzero(inside & (self.layer == self.layers.index(layer))).tolist())
        return np.array(sorted(hit), int)


def rectangles(regions: dict[str, kdb.Region], chop: int | None = None, most: float = math.inf) -> Rectangles:
    """Cut polygons into rectangles (slanted parts count with their bounding box).

    Args:
        regions: merged polygons by layer.
        chop: longest edge of a rectangle in dbu; longer ones are cut.
        most: no more are made once there are more than so many.
    """
    layer: list[int] = []
    boxes: list[tuple[int, int, int, int]] = []
    for index, region in enumerate(regions.values()):
        for polygon in region.decompose_trapezoids_to_region().each():
            if len(boxes) > most:
                break
            box = polygon.bbox()
            for left, right in _cuts(box.left, box.right, chop):
                for bottom, top in _cuts(box.bottom, box.top, chop):
                    layer.append(index)
                    boxes.append((left, bottom, right, top))
    return Rectangles(tuple(regions), np.array(layer, int), np.array(boxes, np.int64).reshape(-1, 4))


def linked_layers(process: Process, layers: tuple[str, ...]) -> np.ndarray:
    """Whether overlapping shapes of two layers connect, shape (layers, layers)."""
    linked = np.eye(len(layers), dtype=bool)
    for first, second in links(process):
        a, b = layers.index(first), layers.index(second)
        linked[a, b] = linked[b, a] = True
    return linked


def touching(shapes: Rectangles, linked: np.ndarray) -> np.ndarray:
    """Pairs of rectangles that touch in one layer, or overlap in two linked ones, shape (pairs, 2); in order."""
    import shapely

    boxes = shapely.box(*shapes.boxes.T.astype(float))
    first, second = shapely.STRtree(boxes).query(boxes, predicate="intersects")
    meet = (first < second) & linked[shapes.layer[first], shapes.layer[second]]
    meet &= (shapes.layer[first] == shapes.layer[second]) | _overlap(shapes.boxes[first], shapes.boxes[second])
    return np.unique(np.stack([first[meet], second[meet]], axis=-1), axis=0)


def _overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    low, high = np.maximum(first[:, :2], second[:, :2]), np.minimum(first[:, 2:], second[:, 2:])
    return (low < high).all(axis=1)


def _cuts(start: int, stop: int, chop: int | None) -> list[tuple[int, int]]:
    count = -(-(stop - start) // chop) if chop else 1
    edges = [start + (stop - start) * k // count for k in range(count + 1)]
    return list(pairwise(edges))
