"""Trying the checks: plant faults on clean layouts of random designs and see whether each is found where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb
import numpy as np

from hwlib.cells.shortest_track import shortest_track
from hwlib.checks.design_rules.run import drc
from hwlib.checks.faults import KINDS, plant
from hwlib.checks.flat_view import FlatView
from hwlib.checks.lvs_engine import lvs
from hwlib.checks.places import places
from hwlib.checks.planter import Fault, Planter
from hwlib.design import Design, Device
from hwlib.drawing.reader import open_layout
from hwlib.findings import Finding
from hwlib.process import load_process, preset_names
from hwlib.sections.network_fields import NetworkFields
from hwlib.sections.weight_fields import Weights
from hwlib.sections.wire_fields import Strap, Straps, TileVias
from hwlib.weight_styles import LINES, RAILS

DRC_REACH = 0.1  # µm between a fault and the finding that reports it; a minimum width where that is more
Maker = Callable[[Design], str | Path | kdb.Layout]


@dataclass(frozen=True)
class FaultOutcome:
    """What became of one fault.

    Attributes:
        design: name of the design it was planted on.
        fault: the fault.
        caught: whether the right check reported it by the right rule at the right place.
        distance: from the fault to the nearest finding of the right rule, in m; inf when there is none.
        findings: how many findings that check made.
    """

    design: str
    fault: Fault
    caught: bool
    distance: float
    findings: int


def random_designs(count: int, seed: int, *, largest: int = 30) -> list[Design]:
    """Designs of 2 to ``largest`` neurons, all presets in turn: both styles and placements, straps, more vias."""
    rng = np.random.default_rng(seed)
    designs = []
    for k in range(count):
        network = NetworkFields(
            neurons=int(rng.integers(2, largest + 1)),
            weight_style=(RAILS, LINES)[k % 2].name,
            soma_placement=("diagonal", "centred")[k // 2 % 2],
            weights=Weights(random_patterns=int(rng.integers(1, 4))),
            straps=_straps(k),
            tile_vias=TileVias(size=("one", "currents")[k // 2 % 2]),
        )
        process = preset_names()[k // 4 % len(preset_names())]
        length = shortest_track(load_process(process)) or 0.0
        device = Device(track_length=max(Device().track_length, length))
        seed = int(rng.integers(1 << 30))
        designs.append(Design(name=f"selftest_{k}", process=process, device=device, seed=seed, network=network))
    return designs


def _straps(k: int) -> Straps:
    """Straps of every third design: columns above rows or below, sparse landings or one in each tile."""
    if k % 3 != 2:
        return Straps()
    columns, rows = ("m4", "m5") if k % 2 else ("m5", "m4")
    wires = {"drive": columns, "dendrite": rows} | ({"ground": columns, "vdw": rows} if k % 4 < 2 else {})
    return Straps(**{wire: Strap(metal=metal, pitch=1 + k % 5, vias=1 + k % 2) for wire, metal in wires.items()})


def self_test(make: Maker, designs: list[Design], faults: int, seed: int) -> Iterator[FaultOutcome]:
    """Plant faults on each design's layout, one at a time, and check each.

    Args:
        make: draws a design: returns a file or a layout.
        designs: clean designs.
        faults: per design; kinds take turns.
        seed: of the places.

    Yields:
        One outcome per fault.
    """
    kinds, turn = list(KINDS), 0
    for number, design in enumerate(designs):
        process = design.load_process()
        drawing = open_layout(make(design), process)
        planter = Planter(FlatView(drawing), np.random.default_rng([seed, number]))
        planted = tries = 0
        while planted < faults and tries < 4 * faults:
            tries += 1
            found = plant(planter, kinds[turn % len(kinds)])
            turn += 1
            if found is not None:
                planted += 1
                yield try_fault(design, *found, reach=planter.pitch * planter.unit)


def try_fault(design: Design, layout: kdb.Layout, fault: Fault, reach: float) -> FaultOutcome:
    """Whether the check a fault is meant for reports it by the right rule, up to ``reach`` µm away (DRC: 0.1 µm)."""
    process = design.load_process()
    if fault.check == "drc":
        widths = [layer.min_width for layer in process.of_kind("conductor").values()]
        findings, near = drc(layout, process), max([DRC_REACH, *(1e6 * width for width in widths if width)])
    else:
        findings, near = lvs(layout, process, design, topology=False), reach
    right = [f for f in findings if f.rule in fault.rules and f.severity == fault.severity]
    distance = min((_distance(layout, f, fault, near) for f in right), default=np.inf)
    return FaultOutcome(design.name, fault, distance <= near, distance * 1e-6, len(findings))


def _distance(layout: kdb.Layout, finding: Finding, fault: Fault, reach: float) -> float:
    """Distance in µm from a fault to a finding's marker: to its box, or to the centre of one larger than ``reach``."""
    if finding.x is None or finding.y is None:
        return float("inf")
    x, y = finding.x * 1e6, finding.y * 1e6
    w, h = (v * 1e6 if v * 1e6 <= reach else 0.0 for v in (finding.width, finding.height))
    box = kdb.DBox(x - w / 2, y - h / 2, x + w / 2, y + h / 2)
    cell = layout.cell(finding.cell)
    spots = places(layout, cell) if cell is not None else [kdb.DCplxTrans()]
    return min(_gap(box.transformed(place), fault.place) for place in spots)


def _gap(a: kdb.DBox, b: kdb.DBox) -> float:
    return max(a.left - b.right, b.left - a.right, a.bottom - b.top, b.bottom - a.top, 0.0)
