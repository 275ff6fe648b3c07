"""Vias side by side, one of which may be missing while all stays joined: told by crossings of the same size."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import klayout.db as kdb

from hwlib.checks.strap_check import STRAP_VIAS
from hwlib.drawing.reader import Drawing


class ThinCluster(NamedTuple):
    """A place where two layers cross with fewer vias than most others of its size have.

    Attributes:
        via: layer of the vias.
        found, wanted: how many there are, and are elsewhere.
        box: the crossing, in µm.
    """

    via: str
    found: int
    wanted: int
    box: kdb.DBox


def thin_clusters(drawing: Drawing, macro: kdb.Box) -> Iterator[ThinCluster]:
    """Places at devices and trunks that lack some of their vias.

    A drawn array has as many vias wherever the same two layers cross over the same size. Straps have fewer over
    trunks than elsewhere; ``strap_check`` counts theirs.

    Args:
        drawing: the layout.
        macro: within which to look; around it a chip may draw as it likes.
    """
    store = kdb.DeepShapeStore()  # in cells: as many merged polygons flat take as long as all else of a comparison
    store.threads = 0

    def drawn(name: str) -> kdb.Region:
        index = drawing.layers.get(name)
        return kdb.Region() if index is None else kdb.Region(drawing.top.begin_shapes_rec(index), store)

    for via, layer in drawing.process.of_kind("via").items():
        if via in STRAP_VIAS:
            continue
        cuts = drawn(via)
        lower, upper = (drawn(name) for name in layer.connects or ())
        crossings = (lower & upper).interacting(cuts)
        if via == "v2":  # what lies between a column and its strap joins nothing else
            pads = upper.interacting(drawn("v3")).interacting(crossings, 1, 1)
            crossings = crossings.not_interacting(pads)
        for polygon, found, wanted in _fewer(crossings, cuts, macro):
            yield ThinCluster(via, found, wanted, polygon.bbox().to_dtype(drawing.layout.dbu))


def _fewer(crossings: kdb.Region, cuts: kdb.Region, macro: kdb.Box) -> Iterator[tuple[kdb.Polygon, int, int]]:
    """Crossings with fewer vias than most of their size; of two numbers as frequent the larger one counts.

    Args:
        crossings: of two layers, with at least one via each.
        cuts: the vias.
        macro: where.

    Yields:
        The crossing, its vias, and those of most others.
    """
    alike: dict[tuple[int, int, int], list[tuple[kdb.Polygon, int]]] = defaultdict(list)
    count = 1
    while not crossings.is_empty():
        for polygon in crossings.interacting(cuts, count, count).each():
            box = polygon.bbox()
            if box.inside(macro):
                short, long = sorted((box.width(), box.height()))
                alike[short, long, polygon.area()].append((polygon, count))
        count += 1
        crossings = crossings.interacting(cuts, count)
    for clusters in alike.values():
        times = Counter(found for _, found in clusters)
        wanted = max(times, key=lambda found: (times[found], found))
        yield from ((polygon, found, wanted) for polygon, found in clusters if found < wanted)
