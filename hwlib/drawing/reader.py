"""Reading a layout file of a process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import klayout.db as db

from hwlib.errors import InputError
from hwlib.process import Process

WIRING = ("conductor", "via", "device")


@dataclass
class Drawing:
    """An open layout: its one top cell and the index of each process layer that it uses."""

    path: Path
    layout: db.Layout
    top: db.Cell
    process: Process
    layers: dict[str, int]
    label_layers: dict[str, int]

    @property
    def dbu(self) -> float:
        """Database unit in m."""
        return float(self.layout.dbu) * 1e-6

    def where(self, x: float, y: float) -> str:
        """A place in dbu as words for messages."""
        return f"({x * self.layout.dbu:.3f}, {y * self.layout.dbu:.3f}) µm"

    def box(self, cell: db.Cell) -> db.Box:
        """Box of a cell's wires, vias and device layers."""
        out = db.Box()
        for name, index in self.layers.items():
            if self.process.layers[name].kind in WIRING:
                out += cell.bbox(index)
        return out

    def shapes(self, cell: db.Cell, move: db.Trans | None = None) -> dict[str, db.Region]:
        """Merged shapes of a cell and all below it, by layer name (every layer of the process has an entry)."""
        out = {}
        for name in self.process.layers:
            region = db.Region()
            if name in self.layers:
                region = db.Region(cell.begin_shapes_rec(self.layers[name]))
                region = (region.transformed(move) if move else region).merged()
            out[name] = region
        return out


def open_layout(path: str | Path, process: Process) -> Drawing:
    """Open a GDS or OASIS file and check that it is a layout of the process.

    Raises:
        InputError: missing, not a layout, empty, several top cells, or layers that the process does not have.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such layout file")
    layout = db.Layout()
    try:
        layout.read(str(path))
    except RuntimeError:
        raise InputError(f"{path}: cannot be read as a layout (GDSII or OASIS)") from None
    tops = [cell for cell in layout.top_cells()]
    filled = [cell for cell in tops if not cell.bbox().empty()]
    if not filled:
        raise InputError(f"{path}: the layout is empty")
    if len(tops) > 1:
        names = ", ".join(sorted(cell.name for cell in tops)[:4])
        raise InputError(f"{path}: {len(tops)} top cells ({names}), a layout to extract has one")
    drawing = Drawing(path, layout, tops[0], process, *_layer_indexes(path, layout, process, tops[0]))
    scale = process.grid / drawing.dbu
    if abs(scale - round(scale)) > 1e-6 or scale < 1:
        raise InputError(
            f"{path}: database unit {drawing.dbu * 1e9:g} nm does not divide the grid of process {process.name} "
            f"({process.grid * 1e9:g} nm)"
        )
    return drawing


def _layer_indexes(path: Path, layout: db.Layout, process: Process,
                   top: db.Cell) -> tuple[dict[str, int], dict[str, int]]:  # fmt: skip
    known = {layer.gds: name for name, layer in process.layers.items()}
    labels = {layer.label: name for name, layer in process.layers.items() if layer.label}
    layers, label_layers, strange = {}, {}, []
    for index in layout.layer_indexes():
        info = layout.get_info(index)
        number = (info.layer, info.datatype)
        if number in known:
            layers[known[number]] = index
        elif number in labels:
            label_layers[labels[number]] = index
        elif not top.bbox(index).empty():
            strange.append(number)
    if strange:
        number = sorted(strange)[0]
        raise InputError(
            f"{path}: layer {number[0]}/{number[1]} is not in process {process.name}; is this another process's layout?"
        )
    if "pillar" not in layers or top.bbox(layers["pillar"]).empty():
        raise InputError(f"{path}: no device (layer pillar of process {process.name} is empty)")
    return layers, label_layers
