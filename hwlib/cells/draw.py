"""From rectangles in grid steps to cells: the one place where geometry meets gdsfactory and klayout."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import gdsfactory as gf
import klayout.db as kdb

from hwlib.cells.shapes import Box, Rect
from hwlib.errors import InputError
from hwlib.process import Process


def dbu_per_step(process: Process) -> int:
    """Database units (gdsfactory's, 1 nm) in one step of the manufacturing grid.

    Raises:
        InputError: a grid that is no multiple of the database unit.
    """
    dbu = gf.kcl.dbu * 1e-6
    factor = round(process.grid / dbu)
    if factor < 1 or abs(process.grid / dbu - factor) > 1e-6:
        raise InputError(
            f"process {process.name}: grid {process.grid * 1e9:.6g} nm is no multiple of the layout's database unit, "
            f"{dbu * 1e9:.6g} nm"
        )
    return factor


def draw(component: gf.Component, process: Process, rects: Iterable[Rect]) -> gf.Component:
    """Insert rectangles into a component."""
    scale = dbu_per_step(process)
    for name, box in rects:
        layer = component.kcl.layer(*process.layers[name].gds)
        component.kdb_cell.shapes(layer).insert(kdb.Box(*(scale * v for v in box)))
    return component


def label(component: gf.Component, process: Process, layer: str, text: str, x: int, y: int) -> None:
    """Put a net's name on the label layer of a conductor; x and y in grid steps."""
    scale, number = dbu_per_step(process), process.layers[layer].label
    assert number is not None  # conductors have one: validated with the process
    index = component.kcl.layer(*number)
    component.kdb_cell.shapes(index).insert(kdb.Text(text, kdb.Trans(scale * x, scale * y)))


def port(component: gf.Component, process: Process, name: str, layer: str, box: Box, angle: int) -> None:
    """Add an electrical port in the middle of a box's edge that faces ``angle`` (0, 90, 180, 270 degrees).

    Its width is even and its place whole in database units, as gdsfactory's ports must be: an odd edge gives a port
    one unit narrower.
    """
    scale = dbu_per_step(process)
    x, y = box.centre
    x, y = {0: (box.x1, y), 90: (x, box.y1), 180: (box.x0, y), 270: (x, box.y0)}[angle]
    across = (box.y1 - box.y0 if angle in (0, 180) else box.x1 - box.x0) * scale
    um = component.kcl.dbu
    component.ports.create_port(
        name=name, width=(across - across % 2) * um, port_type="electrical",
        layer=component.kcl.layer(*process.layers[layer].gds),
        dcplx_trans=kdb.DCplxTrans(1, angle, False, x * scale * um, y * scale * um),
    )  # fmt: skip


def cell_name(base: str, *settings: object) -> str:
    """A stable name: ``base`` and a digest of the settings; equal settings give equal names in every run."""
    return f"{base}_{sha256(repr(settings).encode()).hexdigest()[:8]}"
