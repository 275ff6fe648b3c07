"""Golden cells of the PDK: their polygons, ports and settings as kept under tests/layouts/golden.

``make golden`` writes them again, after a change that is meant to change them; ``git diff`` then shows settings and
ports, and the test says which polygons of which cell and layer differ.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import gdsfactory as gf
import klayout.db as kdb
from ruamel.yaml import YAML

from hwlib.cells.draw import cell_name
from hwlib.process import load_process
from layouts.pdk import activate
from layouts.writer import write_layout

FOLDER = Path(__file__).resolve().parents[1] / "layouts" / "golden"
_COUNT = count()
PROCESSES = ("ebeam", "copper", "sky130")
VARIANTS: dict[str, dict[str, Any]] = {  # besides the defaults, which are those of each cell's first users
    "via_stack": {"lower": "m2", "upper": "m4", "columns": 2, "rows": 3},
    "pad": {"layer": "m3", "size": 20.0, "net": "dend_0"},
    "straight": {"layer": "m2", "length": 3.0},
    "wire_corner": {"layer": "m4"},
    "wire_step": {"layer": "m3", "width1": 2.0, "width2": 4.0},
    "wire_via": {"lower": "m2", "upper": "m5", "width1": 2.0, "width2": 2.0},
    "axon": {"weight_tracks": 3, "tie": 2, "side": "east"},
    "neuron": {"axons": 2},
    "hopfield_macro": {"neurons": 3, "patterns": "101", "soma_placement": "centred"},
}  # fmt: skip


def drawn(process: str, cells: dict[str, dict[str, Any]]) -> tuple[gf.Component, dict[str, Any]]:
    """Cells with these settings in one component, each in a cell of its own name, and what each says of itself.

    The second is by cell: settings as the netlist of a component with an instance of it has them, and ports.
    """
    activate(load_process(process))
    top, said = gf.Component(), {}
    for name, settings in cells.items():
        made = gf.get_component(name, **settings)
        holder = gf.Component()
        holder.name = cell_name(f"golden_{name}", process, next(_COUNT))  # written without what makes it unique
        placed = holder.add_ref(made, name=name)
        for port in placed.ports:
            holder.add_port(port=port)
        kept = holder.get_netlist()["instances"][name]
        ports = {
            port.name: [*(round(float(x), 6) for x in (*port.center, port.width, port.orientation)),
                        gf.get_layer_name(port.layer), port.port_type]
            for port in made.ports
        }  # fmt: skip
        said[name] = {"component": kept["component"], "settings": dict(kept["settings"]), "ports": ports}
        top.add_ref(holder)
    return top, said


def differences(first: Path, second: Path) -> list[str]:
    """What differs between the golden cells of two layout files: cell, layer, how much, and where first."""
    both = []
    for path in (first, second):
        layout = kdb.Layout()
        layout.read(str(path))
        both.append(layout)
    found = []
    names = {cell.name for layout in both for cell in layout.each_cell() if cell.name.startswith("golden_")}
    layers = sorted({(x.layer, x.datatype) for layout in both for x in layout.layer_infos()})
    for name in sorted(names):
        for layer in layers:
            regions = [_region(layout, name, layer) for layout in both]
            if not (apart := regions[0] ^ regions[1]).is_empty():
                at = apart.bbox()
                found.append(
                    f"{name.removeprefix('golden_')}, layer {layer[0]}/{layer[1]}: {apart.count()} pieces differ, "
                    f"{apart.area()} nm² within ({at.left}, {at.bottom}) to ({at.right}, {at.top}) nm"
                )
            texts = [_texts(layout, name, layer) for layout in both]
            if texts[0] != texts[1]:
                odd = sorted(set(texts[0]) ^ set(texts[1]))
                found.append(f"{name.removeprefix('golden_')}, layer {layer[0]}/{layer[1]}: texts differ: {odd[:3]}")
    return found


def _region(layout: kdb.Layout, name: str, layer: tuple[int, int]) -> kdb.Region:
    cell, index = layout.cell(name), layout.find_layer(*layer)
    return kdb.Region() if cell is None or index is None else kdb.Region(cell.begin_shapes_rec(index)).merged()


def _texts(layout: kdb.Layout, name: str, layer: tuple[int, int]) -> list[str]:
    cell, index = layout.cell(name), layout.find_layer(*layer)
    if cell is None or index is None:
        return []
    return sorted(str(text) for text in kdb.Texts(cell.begin_shapes_rec(index)).each())


def golden_files(process: str) -> tuple[Path, Path]:
    """Where the polygons and where the settings and ports of a process's cells are kept."""
    return FOLDER / f"{process}.oas", FOLDER / f"{process}.yml"


def renew() -> None:
    """Write all golden files again."""
    yaml = YAML()
    yaml.width = 120
    yaml.default_flow_style = None
    for process in PROCESSES:
        names = sorted(activate(load_process(process)).cells)
        top, said = drawn(process, {name: VARIANTS.get(name, {}) for name in names})
        polygons, words = golden_files(process)
        write_layout(top, polygons)
        with words.open("w", encoding="utf-8") as file:
            yaml.dump(said, file)
        print(polygons, words)


if __name__ == "__main__":
    renew()
