"""The conductors of a layout as rectangles with nets, and their capacitance in the network file."""

from __future__ import annotations

from dataclasses import replace

import klayout.db as db
import numpy as np

from hwlib.drawing.reader import LayoutSource, open_layout
from hwlib.errors import InputError
from hwlib.extraction.capacitance import ConductorRectangles, capacitances
from hwlib.extraction.compose import Assembly, assemble
from hwlib.extraction.parts import Part
from hwlib.extraction.roles import name_pieces
from hwlib.network import Network
from hwlib.process import Process


def with_capacitance(network: Network, layout: LayoutSource, process: Process) -> Network:
    """A copy of an extracted network with the capacitances of its layout's nets.

    Args:
        network: extracted from ``layout``.
        layout: GDSII or OASIS file, or an open one.
        process: the process it is drawn in: thickness, height and permittivity.

    Raises:
        InputError: a layout that cannot be read, or whose nets are not the network's.
    """
    drawing = open_layout(layout, process)
    return capacitance_of(network, assemble(drawing))


def capacitance_of(network: Network, assembly: Assembly) -> Network:
    """As ``with_capacitance``, of a layout that is assembled."""
    drawing, names = assembly.drawing, name_pieces(assembly)
    if names.names != network.net_names:
        raise InputError(f"{drawing.name}: its nets are not those of the network; extract the network from this layout")
    rectangles = conductor_rectangles(assembly, names.net_of_piece)
    found = capacitances(rectangles, len(names.names), drawing.process)
    return replace(
        network,
        net_capacitance=found.ground,
        coupling_nets=found.coupling_nets,
        coupling_farad=found.coupling_farad,
    ).validate()


def conductor_rectangles(assembly: Assembly, net_of_piece: np.ndarray) -> ConductorRectangles:
    """Rectangles of all wires with their nets, and of the tracks; unlabelled metal counts as ground.

    Slanted shapes are cut into strips of equal area.
    """
    drawing = assembly.drawing
    layers = ("track", *drawing.process.of_kind("conductor"))
    rows = [_placed(part, layers, assembly.piece, net_of_piece) for part in assembly.parts]
    if "track" in drawing.layers:
        tracks = db.Region(drawing.top.begin_shapes_rec(drawing.layers["track"])).merged()
        boxes = [box for polygon in tracks.each() for box in _boxes(polygon)]
        rows.append(np.array([(layers.index("track"), *box, -1) for box in boxes]).reshape(-1, 6))
    table = np.concatenate(rows)
    return ConductorRectangles(
        layers, table[:, 0].astype(int), table[:, 1:5] * drawing.dbu, table[:, 5].astype(np.int32)
    )


def _placed(part: Part, layers: tuple[str, ...], piece: np.ndarray, net_of_piece: np.ndarray) -> np.ndarray:
    """Columns layer, left, bottom, right, top (dbu), net of every placement's rectangles."""
    own = np.array([
        (layers.index(name), *box, net) for name, polygon, net in part.net.conductors for box in _boxes(polygon)
    ]).reshape(-1, 6)  # fmt: skip
    rows = np.repeat(own[None], len(part.dx), axis=0)
    rows[:, :, [1, 3]] += part.dx[:, None, None]
    rows[:, :, [2, 4]] += part.dy[:, None, None]
    local = own[:, 5].astype(int)
    nets = np.append(net_of_piece[piece], -1)  # the last for metal that hangs on nothing
    rows[:, :, 5] = nets[np.where(local >= 0, part.nets(np.maximum(local, 0)), -1)]
    return rows.reshape(-1, 6)


def _boxes(polygon: db.Polygon) -> list[tuple[float, float, float, float]]:
    """Rectangles of a polygon's area: left, bottom, right, top in dbu."""
    if polygon.is_box():
        box = polygon.bbox()
        return [(box.left, box.bottom, box.right, box.top)]
    out = []
    for strip in polygon.decompose_trapezoids(db.Polygon.TD_htrapezoids):
        box = strip.bbox()
        middle, width = (box.left + box.right) / 2, strip.area() / box.height()
        out.append((middle - width / 2, float(box.bottom), middle + width / 2, float(box.top)))
    return out
