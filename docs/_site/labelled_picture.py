"""The picture docs/images/labelled.png: a soma and two axons of a drawn macro, with the names of their parts.

Places come from extraction, so that the words follow the drawing: ``make pictures``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import layouts
from hwlib.design import load_design
from hwlib.drawing.reader import open_layout
from hwlib.extraction import extract
from hwlib.network import Network
from hwlib.storage.scratch import scratch_folder

ROOT = Path(__file__).resolve().parents[2]
DESIGN = ROOT / "layouts" / "examples" / "hopfield_8.yaml"
NEURON = 3


def main(picture: Path) -> None:
    """Draw, extract, and write the picture."""
    design = load_design(DESIGN)
    process = design.load_process()
    with scratch_folder() as folder:
        path = layouts.write_layout(layouts.hopfield(design, process), folder / "macro.oas")
        drawing = open_layout(path, process)
        network = extract(drawing, process, design)
        window, notes = _words(network)
        layouts.render(drawing, picture, process, window=window, notes=notes, labels=False, inches=6.5)


Place = tuple[float, float]
WORDS = {"dend": "dendrite", "drive": "drive", "gnd": "ground", "vdw": "V_DW", "w": "rail"}


def _words(network: Network) -> tuple[tuple[float, float, float, float], dict[str, Place]]:
    """The window around a soma and its neighbours, and what stands where in it."""
    soma = int(network.somas[NEURON])
    row = np.flatnonzero((network.post == NEURON) & ~network.is_soma)
    axons = row[np.argsort(np.abs(network.device_x[row] - network.device_x[soma]), kind="stable")[:2]]
    x, y = float(network.device_x[soma]), float(network.device_y[soma])
    wide = abs(float(network.device_x[axons[0]]) - x)
    window = (x - 1.45 * wide, y - 0.8 * wide, x + 1.45 * wide, y + 0.8 * wide)
    below = 0.11 * wide  # the words of a device are under it
    notes: dict[str, Place] = {f"soma {NEURON}": (x, y - below)}
    for axon in axons:
        place = float(network.device_x[axon]), float(network.device_y[axon]) - below
        notes[f"axon {network.pre[axon]}→{NEURON}"] = place
    return window, notes | _wires(network, window)


def _wires(network: Network, window: tuple[float, float, float, float]) -> dict[str, Place]:
    """Every wire that crosses the window, told at its upper edge or between the devices."""
    left, bottom, right, top = window
    found: dict[Place, str] = {}
    for (first, second), layer in zip(network.resistor_nodes, network.resistor_layer, strict=True):
        (x1, y1), (x2, y2) = ((float(network.node_x[n]), float(network.node_y[n])) for n in (first, second))
        kind, *rest = str(network.net_names[network.node_net[first]]).split("_")
        name = " ".join([WORDS[kind], *rest]).replace("rail p", "rail +").replace("rail m", "rail −")
        if network.layers[layer] == "m3" and abs(y1 - y2) < 1e-12 and bottom < y1 < top:
            found[(left + 0.335 * (right - left), y1)] = name
        elif network.layers[layer] == "m2" and abs(x1 - x2) < 0.2 * abs(y1 - y2) and left < x1 < right:
            near = any(each == name and abs(place[0] - x1) < 0.1 * (right - left) for place, each in found.items())
            if not near and min(y1, y2) < top and max(y1, y2) > bottom:
                found[((x1 + x2) / 2, top - 0.06 * (top - bottom))] = name
    return {name + " " * k: place for k, (place, name) in enumerate(found.items())}


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images" / "labelled.png")
