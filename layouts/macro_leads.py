"""The crossbar of a design with leads to its border: the macro that is placed in a chip."""

from __future__ import annotations

import gdsfactory as gf

from hwlib.cells.draw import cell_name, draw, port
from hwlib.cells.shapes import Rect
from hwlib.design import Design
from hwlib.process import Process
from layouts.crossbar import hopfield
from layouts.floorplan import Floorplan, floorplan
from layouts.pins import MacroPin, pins


def draw_leads(component: gf.Component, plan: Floorplan) -> list[MacroPin]:
    """Draw the leads of a macro; returns its pins."""
    found = pins(plan)
    draw(component, plan.process, [Rect(pin.layer, pin.box) for pin in found])
    return found


def add_pins(component: gf.Component, plan: Floorplan) -> list[MacroPin]:
    """Draw the leads of a macro, with an electrical port on each end and a pin of the ports of each net."""
    found = draw_leads(component, plan)
    for pin in found:
        port(component, plan.process, pin.name, pin.layer, pin.box, pin.angle)
    for net in dict.fromkeys(pin.net for pin in found):
        component.create_pin(name=net, ports=[component.ports[pin.name] for pin in found if pin.net == net])
    return found


def macro_name(design: Design) -> str:
    """What a design's macro is called in a chip: plain letters, digits and underscores."""
    return design.name.replace("-", "_")


def macro_with_leads(design: Design, process: Process | None = None) -> gf.Component:
    """A design's crossbar with its labels and leads to its border, without ports: thousands of them take long.

    Raises:
        InputError: a design that cannot be drawn in its process.
    """
    plan = floorplan(design, process)
    inner = hopfield(design, plan.process)
    name = cell_name(macro_name(design), inner.name, "with leads")
    if gf.kcl.layout.has_cell(name):
        return gf.Component(base=gf.kcl[name].base)
    c = gf.Component()
    c.add_ref(inner)
    c.kdb_cell.flatten(1, False)  # rows and edges lie in the top cell, as without leads
    draw_leads(c, plan)
    c.name = name
    return c
