"""How much a layout holds beside its devices: what would take minutes to look at is refused at once."""

from __future__ import annotations

import klayout.db as kdb
import numpy as np

from hwlib.drawing.hierarchy import CELL, NA, NB, Hierarchy
from hwlib.errors import InputError, shown

# What is checked within ten seconds: so much around a macro, and so much more with each of its pillars.
KINDS = ("shapes", "labels", "instances")
AROUND = (60_000, 50_000, 200_000)
WITH_EACH = (1000, 4, 30)
STRANGERS, TIMES = 10_000, 20  # pillars beyond a design's devices: so many, and each drawn in up to so many parts


def refuse_too_much(
    layout: kdb.Layout, where: str, hierarchy: Hierarchy, layers: list[int], labels: list[int]
) -> None:  # fmt: skip
    """Refuse a layout with too much around its devices.

    Args:
        layout: with one top cell.
        where: its name, for messages.
        hierarchy: as read, with pillars counted.
        layers: indices of the process's layers.
        labels: of its label layers.

    Raises:
        InputError: it holds more shapes, labels or instances of cells than ``AROUND`` and ``WITH_EACH`` allow.
    """
    held = np.zeros((1 + max(hierarchy.rows), len(KINDS)))
    for index in layout.each_cell_bottom_up():
        cell, rows = layout.cell(index), hierarchy.rows[index]
        own = [sum(cell.shapes(k).size() for k in layers), sum(cell.shapes(k).size() for k in labels), 0]
        count = rows[:, [NA]] * rows[:, [NB]]
        held[index] = own + (count * (held[rows[:, CELL]] + [0, 0, 1])).sum(axis=0)
    top = layout.top_cell().cell_index()
    pillars = hierarchy.marked[top]
    for kind, found, around, each in zip(KINDS, held[top].tolist(), AROUND, WITH_EACH, strict=True):
        most = around + each * pillars
        if found > most:
            raise InputError(
                f"{where}: {found:.0f} {kind} with {pillars} pillars, {most} can be handled; name the macro's cell "
                "with --top, or leave out what is around it"
            )


def refuse_other_size(name: str, top: str, pillars: int, devices: int) -> None:
    """Refuse a layout with far more devices than its design.

    Raises:
        InputError: where hardly any of them could be told apart.
    """
    if pillars > STRANGERS + TIMES * devices:
        raise InputError(
            f"{name}: {pillars} pillars in cell {shown(top)}, the design has {devices} devices; name the macro's cell "
            "with --top"
        )
