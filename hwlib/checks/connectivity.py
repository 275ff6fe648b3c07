"""From polygons to a netlist: KLayout's layout-versus-schematic database with the DW-MTJ and the process's wires."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

import klayout.db as kdb

from hwlib.checks.device_extractor import LAYERS, DwMtjExtractor
from hwlib.drawing.reader import Drawing
from hwlib.process import Process

_WHOLE = 3  # database units: the least width of what is no sliver


def links(process: Process) -> list[tuple[str, str]]:
    """Pairs of layers that connect where they overlap: every via, or the pillar, first, then a conductor of its own.

    Where the first ends at the edge of the second, there is no way down for a current. The track is no wire: its two
    contacts are two terminals of a device.
    """
    pairs = [
        (name, end) for name, via in process.of_kind("via").items() for end in via.connects or () if end != "track"
    ]
    return [*pairs, ("pillar", "m1")]


def wires(process: Process) -> list[str]:
    """Layers whose touching shapes are one net."""
    return [*process.of_kind("conductor"), *process.of_kind("via"), "pillar"]


class Extracted:
    """A layout's extracted netlist and the layers it was made of.

    Attributes:
        lvs: the database; its netlist has one circuit per cell that holds devices or wires.
        layers: region of each layer of ``wires`` by name.
    """

    def __init__(self, drawing: Drawing, top: kdb.Cell | None = None, marks: dict[str, int] | None = None):
        """Extract a layout.

        Args:
            drawing: the layout.
            top: cell to extract, instead of the top cell.
            marks: layers with texts that name nets instead of the label layers, by layer of ``wires``.
        """
        self.layout, self.process = drawing.layout, drawing.process
        self.lvs = kdb.LayoutVsSchematic(kdb.RecursiveShapeIterator(drawing.layout, top or drawing.top, []))
        self.lvs.threads = 0  # here, not in one that is waited for
        self.lvs.include_floating_subcircuits = True  # a device without any wire still is one
        self.layers = {name: self._layer(drawing, name) for name in (*wires(self.process), "track", "pin")}
        self._devices()
        self._connect(drawing, drawing.label_layers if marks is None else marks)
        self.lvs.extract_netlist()

    def _layer(self, drawing: Drawing, name: str) -> kdb.Region:
        index = drawing.layers.get(name)
        number = drawing.process.layers[name].gds
        return self.lvs.make_polygon_layer(drawing.layout.layer(*number) if index is None else index, name)

    def _devices(self) -> None:
        layers = dict(self.layers)
        # The cell-local layer first: the others would lift the devices out of their cells.
        layers["body"] = layers["pillar"] & layers["track"] & layers["read"]
        self.lvs.extract_devices(DwMtjExtractor(self.process), {name: layers[name] for name in LAYERS})

    def _core(self, name: str) -> kdb.Region:
        """A layer less a unit all round, joined to it: for KLayout what touches connects, here what overlaps does."""
        core = self.layers[name].sized(-1)
        self.lvs.register(core, f"{name}_core")
        self.lvs.connect(self.layers[name], core)
        return core

    def _overlap(self, first: str, second: str) -> None:
        """Where two layers overlap, joined to both: right for shapes without a core too, in a third more time."""
        overlap = self.layers[first] & self.layers[second]
        self.lvs.register(overlap, f"{first}_on_{second}")
        self.lvs.connect(self.layers[first], overlap)
        self.lvs.connect(overlap, self.layers[second])

    def _connect(self, drawing: Drawing, marks: dict[str, int]) -> None:
        for name in wires(self.process):
            self.lvs.connect(self.layers[name])
        for first, pairs in groupby(links(self.process), key=itemgetter(0)):
            core = None if _has_slivers(drawing, first) else self._core(first)
            for _, second in pairs:
                if core is None:
                    self._overlap(first, second)
                else:
                    self.lvs.connect(core, self.layers[second])
        for name, index in marks.items():
            self.lvs.connect(self.layers[name], self.lvs.make_text_layer(index, f"{name}_label"))


def _has_slivers(drawing: Drawing, name: str) -> bool:
    """Whether a cell has shapes of a layer of which nothing is left less a unit all round."""
    index = drawing.layers.get(name)
    shapes = [] if index is None else [cell.shapes(index) for cell in drawing.layout.each_cell()]
    return any(not kdb.Region(each).width_check(_WHOLE).is_empty() for each in shapes if not each.is_empty())
