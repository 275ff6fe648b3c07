"""Vias side by side, one of which may be missing while all stays joined: told by crossings of the same size."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import klayout.db as kdb

from hwlib.checks.strap_check import STRAP_VIAS
from hwlib.drawing.hierarchy import turn_of
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


def thin_clusters(drawing: Drawing, macro: kdb.Box, neurons: int) -> Iterator[ThinCluster]:
    """Places at devices and trunks that lack some of their vias.

    A drawn array has as many vias wherever the same two layers cross over the same size for the same current; where
    vias stand elsewhere in the crossing it is another one, and where as many crossings as half the neurons have fewer,
    these are drawn so: a soma's for less current than an axon's. Straps have fewer over trunks than elsewhere;
    ``strap_check`` counts theirs.

    Args:
        drawing: the layout.
        macro: within which to look; around it a chip may draw as it likes.
        neurons: how many the design has.
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
        for polygon, found, wanted, like in _fewer(crossings, cuts, macro, neurons):
            own, whole = (_places(drawing, via, box) for box in (polygon.bbox(), like.bbox()))
            if any({turn * place for place in own} <= whole for turn in map(turn_of, range(8))):
                yield ThinCluster(via, found, wanted, polygon.bbox().to_dtype(drawing.layout.dbu))


def _places(drawing: Drawing, via: str, box: kdb.Box) -> set[kdb.Point]:
    """Centres of the vias in a box from its own, in half dbu."""
    cuts = [cut.bbox() for cut in drawing.near(via, box).merged().each()]
    x, y = box.left + box.right, box.bottom + box.top
    return {kdb.Point(cut.left + cut.right - x, cut.bottom + cut.top - y) for cut in cuts}


def _fewer(
    crossings: kdb.Region, cuts: kdb.Region, macro: kdb.Box, neurons: int
) -> Iterator[tuple[kdb.Polygon, int, int, kdb.Polygon]]:
    """Crossings with fewer vias than most of their size.

    Args:
        crossings: of two layers, with at least one via each.
        cuts: the vias.
        macro: where.
        neurons: how many there are.

    Yields:
        The crossing, its vias, those of most others, and one of these.
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
        wanted = Counter(found for _, found in clusters).most_common(1)[0][0]
        fewer = [(polygon, found) for polygon, found in clusters if found < wanted]
        if 2 * len(fewer) < neurons:
            like = next(polygon for polygon, found in clusters if found == wanted)
            yield from ((polygon, found, wanted, like) for polygon, found in fewer)
