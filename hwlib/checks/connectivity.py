"""From polygons to a netlist: KLayout's layout-versus-schematic database with the DW-MTJ and the process's wires."""

from __future__ import annotations

import klayout.db as kdb

from hwlib.checks.device_extractor import LAYERS, DwMtjExtractor
from hwlib.checks.source import layer_index, shapes_on
from hwlib.process import Process


def links(process: Process) -> list[tuple[str, str]]:
    """Pairs of layers that connect where they overlap: every via with its two conductors, the pillar with m1.

    The track is no wire: its two contacts are two terminals of a device.
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
        labels: net labels: (text, conductor, x, y), in database units of the top cell.
    """

    def __init__(self, layout: kdb.Layout, process: Process):
        self.layout, self.process = layout, process
        top = layout.top_cell()
        self.lvs = kdb.LayoutVsSchematic(kdb.RecursiveShapeIterator(layout, top, []))
        self.lvs.threads = 1
        self.lvs.include_floating_subcircuits = True  # a device without any wire still is one
        self.layers = {name: self._layer(process.layers[name].gds, name) for name in (*wires(process), "track", "pin")}
        self._devices()
        self._connect()
        self.lvs.extract_netlist()

    def _layer(self, gds: tuple[int, int], name: str) -> kdb.Region:
        index = layer_index(self.layout, gds)
        return self.lvs.make_polygon_layer(self.layout.layer(*gds) if index is None else index, name)

    def _devices(self) -> None:
        layers = dict(self.layers)
        # The cell-local layer first: the others would lift the devices out of their cells.
        layers["body"] = layers["pillar"] & layers["track"] & layers["read"]
        self.lvs.extract_devices(DwMtjExtractor(self.process), {name: layers[name] for name in LAYERS})

    def _connect(self) -> None:
        for name in wires(self.process):
            self.lvs.connect(self.layers[name])
        for first, second in links(self.process):
            self.lvs.connect(self.layers[first], self.layers[second])
        self.labels: list[tuple[str, str, int, int]] = []
        for name, layer in self.process.of_kind("conductor").items():
            index = layer_index(self.layout, layer.label) if layer.label else None
            if index is None or layer.label is None:
                continue
            texts = self.lvs.make_text_layer(index, f"{name}_label")
            self.lvs.connect(self.layers[name], texts)
            shapes = shapes_on(self.layout, layer.label)
            while not shapes.at_end():
                if shapes.shape().is_text():
                    text = shapes.shape().text.transformed(shapes.trans())
                    self.labels.append((text.string, name, text.x, text.y))
                shapes.next()
