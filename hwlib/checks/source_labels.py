"""Labels are where sources attach: whether each net has as many as the design feeds it from, and at such places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import klayout.db as kdb
import numpy as np

from hwlib.checks.identify import Lattice
from hwlib.drawing.net_labels import NetLabel
from hwlib.nets import DENDRITE, DRIVE, GROUND, LINE, RAIL, V_DW, Net, parse_net
from hwlib.sections.network_fields import NetworkFields
from hwlib.weight_styles import RAILS

ONE_PIN = (DENDRITE, DRIVE, LINE)


class OddLabels(NamedTuple):
    """A net that sources attach to at more or fewer places than the design says.

    Attributes:
        net: its name.
        found, wanted: places.
        label: one of them.
    """

    net: str
    found: int
    wanted: int
    label: NetLabel


def feeding_sides(net: Net, network: NetworkFields) -> int:
    """How many sides of the array have a trunk of a net; 0 for one without trunks."""
    feeds, rails = network.feeds, network.weight_style == RAILS.name
    fed = {GROUND: feeds.ground, V_DW: feeds.vdw} | ({RAIL: feeds.weight} if rails else {})
    side = fed.get(net.net_class)
    return 0 if side is None else 2 if side == "both" else 1


class MisplacedLabel(NamedTuple):
    """A net whose sources attach where the design has none.

    Attributes:
        net: its name.
        one_side: all its labels are on one side of the array; else one lies within the array.
        label: one that is wrong.
    """

    net: str
    one_side: bool
    label: NetLabel


def odd_labels(
    labels: dict[str, list[NetLabel]], network: NetworkFields, lattice: Lattice, macro: kdb.Box, unit: float
) -> Iterator[OddLabels | MisplacedLabel]:
    """Nets with another number of labels than the design has pins, or with labels that are not at the array's edge.

    Labels less than half a tile apart are one pin's. A net that has one beyond the macro is the chip's: it joins the
    pins as it likes. Drives are fed by their somas, wherever their label is.

    Args:
        labels: those on metal, by net.
        network: says where nets are fed from.
        lattice: places of the devices.
        macro: the macro in dbu.
        unit: dbu in µm.
    """
    lines = [np.diff(np.sort(line)) for line in (lattice.rows, lattice.columns)]
    steps = [float(np.median(step)) for step in lines if len(step) and np.isfinite(step).all()]
    if len(steps) < len(lines):
        return
    reach = min(steps) / 2 / unit
    across = (lattice.rows, lattice.columns) if lattice.turned else (lattice.columns, lattice.rows)
    array = np.array([(line.min(), line.max()) for line in across]).T / unit
    for name, own in labels.items():
        net = parse_net(name)
        wanted = 0 if net is None else 1 if net.net_class in ONE_PIN else feeding_sides(net, network)
        if net is None or not wanted or any(not macro.contains(kdb.Point(label.x, label.y)) for label in own):
            continue
        places: list[NetLabel] = []
        for label in own:
            if all(np.hypot(label.x - x.x, label.y - x.y) > reach for x in places):
                places.append(label)
        if len(places) != wanted:
            yield OddLabels(name, len(places), wanted, places[-1])
        elif net.net_class is not DRIVE:
            yield from _misplaced(name, places, array)


def _misplaced(name: str, places: list[NetLabel], array: np.ndarray) -> Iterator[MisplacedLabel]:
    """The label that is not beyond the outermost devices, or that has no other on the far side; array: low, high."""
    at = np.array([(label.x, label.y) for label in places])
    below, above = at < array[0], at > array[1]
    inner = ~(below | above).any(axis=1)
    if inner.any():
        yield MisplacedLabel(name, False, places[int(inner.argmax())])
    elif len(places) > 1 and not (below.any(axis=0) & above.any(axis=0)).any():
        yield MisplacedLabel(name, True, places[-1])
