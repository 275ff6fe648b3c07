"""Vias and pillars so large that they join wires beside one another, looked for in a whole layout."""

from __future__ import annotations

from collections.abc import Iterator

import klayout.db as kdb

from hwlib.drawing.reader import Drawing
from hwlib.extraction.bridging_vias import BridgingVia, bridging_vias, joining
from hwlib.extraction.window_shapes import WindowShapes


def bridged_wires(drawing: Drawing) -> Iterator[BridgingVia]:
    """The vias and pillars that the extraction refuses, since no contact accounts for what they join.

    Args:
        drawing: the layout.
    """
    store = kdb.DeepShapeStore()  # in cells: in a tenth of the time
    store.threads = 0

    def drawn(name: str) -> kdb.Region:
        index = drawing.layers.get(name)
        return kdb.Region() if index is None else kdb.Region(drawing.top.begin_shapes_rec(index), store)

    for via, wires in joining(drawing.process):
        found = kdb.Region()
        for cuts, metal in ((drawn(via), drawn(wire)) for wire in wires):
            if not (cuts - metal).is_empty():
                found += cuts.not_inside(metal)
        if found.is_empty():
            continue
        suspects = found.flatten().merged()
        regions = {wire: drawing.region(wire).merged().interacting(suspects) for wire in wires}
        shapes = WindowShapes({via: suspects, **regions}, list(wires))
        yield from bridging_vias(shapes, [(via, wires)])
