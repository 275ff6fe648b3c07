"""A drawn macro as other tools see it from outside: its outline, its pins' shapes, what it blocks."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass

import klayout.db as kdb

from hwlib.cells.draw import dbu_per_step
from hwlib.checks.device_extractor import DEVICE_CLASS
from hwlib.design import Design
from hwlib.errors import InputError, shown
from hwlib.process import Layer, Process
from hwlib.schematic import ideal_network
from layouts.floorplan import floorplan
from layouts.macro_leads import macro_name, macro_with_leads
from layouts.pins import pins

_DEVICE_METAL = "read"  # a conductor of the device, below all wires
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")  # what every reader of LEF, CDL and Verilog takes as it is


@dataclass(frozen=True)
class MacroAbstract:
    """What the views of a macro say.

    Attributes:
        name: of the macro: the design's, with underscores for hyphens, at which SPICE readers end a name.
        design: the design.
        process: its process.
        dbu: µm of one unit of all coordinates.
        outline: of the macro.
        nets: names, in the order of the netlist's pins.
        ports: per net, the shapes at the border where it is reached, each with its metal.
        blocked: per metal and via layer, what no wire of the chip may touch.
    """

    name: str
    design: Design
    process: Process
    dbu: float
    outline: kdb.Box
    nets: tuple[str, ...]
    ports: dict[str, list[tuple[str, kdb.Box]]]
    blocked: dict[str, kdb.Region]


def macro_abstract(design: Design, process: Process) -> MacroAbstract:
    """The abstract of a design's macro.

    A layer that the macro has anything on is blocked as a whole, but for the pins and the distance that wires keep from
    them.

    Raises:
        InputError: a design that cannot be drawn in its process, or a name that no netlist takes.
    """
    plan, component = floorplan(design, process), macro_with_leads(design, process)
    scale = dbu_per_step(process)
    outline, ports = kdb.Box(*(scale * v for v in plan.outline)), dict[str, list[tuple[str, kdb.Box]]]()
    for pin in pins(plan):
        ports.setdefault(pin.net, []).append((pin.layer, kdb.Box(*(scale * v for v in pin.box))))
    nets = ideal_network(design, process).net_names
    _check_names(macro_name(design), nets, ports)
    blocked = {}
    for name in (*wire_metals(process), *wire_vias(process)):
        layer = component.kcl.layer(*process.layers[name].gds)
        if not component.kdb_cell.bbox(layer).empty():
            space = round((process.layers[name].min_space or 0) / (component.kcl.dbu * 1e-6))
            mine = kdb.Region()
            for shape in (box for each in ports.values() for metal, box in each if metal == name):
                mine.insert(shape)
            blocked[name] = kdb.Region(outline) - mine.sized(space)
    return MacroAbstract(macro_name(design), design, process, component.kcl.dbu, outline, nets, ports, blocked)


def _check_names(macro: str, nets: Iterable[str], ports: Container[str]) -> None:
    for name in (macro, *nets):
        if not _NAME.fullmatch(name):
            raise InputError(f"views: {shown(name)} cannot be a name in LEF and CDL: a letter, then letters, digits, _")
    if macro.upper() == DEVICE_CLASS:
        raise InputError(f"views: a macro cannot be called {macro}, as its device is in CDL")
    for net in nets:
        if net not in ports:
            raise InputError(f"views: net {net} has no lead to the macro's border")


def wire_metals(process: Process) -> dict[str, Layer]:
    """The metals that wires of a chip use, bottom to top."""
    metals = {name: layer for name, layer in process.of_kind("conductor").items() if name != _DEVICE_METAL}
    return dict(sorted(metals.items(), key=lambda each: each[1].bottom))


def wire_vias(process: Process) -> dict[str, Layer]:
    """The vias between them, bottom to top."""
    metals = wire_metals(process)
    vias = {name: layer for name, layer in process.of_kind("via").items() if set(layer.connects or ()) <= set(metals)}
    return dict(sorted(vias.items(), key=lambda each: each[1].bottom))
