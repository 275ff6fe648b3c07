"""Macros wired to pads by gdsfactory's routers: clean, the design's netlist, wires of the right resistance."""

from __future__ import annotations

import os

import numpy as np
import pytest

import layouts
from hwlib.checks import drc, lvs
from hwlib.extraction import extract
from hwlib.process import load_process
from layouts.pdk import macro_design
from tests.support.padded_macro import APART, AWAY, PAD, padded_macro
from tests.support.resistances import to_pins

STRAPPED = {"weight_style": "lines", "network": "{straps: {drive: {metal: m4}}}"}
CORNER = 0.559  # squares, of conformal mapping


@pytest.mark.parametrize(
    ("process", "section", "separation", "scale", "settings"),
    [
        ("ebeam", None, 0.3, 1, STRAPPED),  # weights leave in the east, too: one route at a time
        *[("sky130", None, 0.8, 4, {})] * bool(os.environ.get("SPINHOP_FULL")),
    ],
)
def test_routed_macros_are_clean_and_the_design_s(process, section, separation, scale, settings, tmp_path):
    rules = load_process(process)
    if process == "sky130":
        settings = {**settings, "track_length": 0.71}
    chip, _ = padded_macro(rules, cross_section=section, separation=separation, scale=scale, neurons=3, **settings)
    path = layouts.write_layout(chip, tmp_path / "chip.oas")
    assert drc(path, rules) == []
    assert lvs(path, rules, macro_design(neurons=3, **settings)) == []


def test_wires_to_the_pads_have_the_resistance_of_their_squares(tmp_path):
    """On the highest metal: vias at the pins, 40 nm wires, pads; beside the macro alone, labelled at its pins."""
    process, design, sides = load_process("ebeam"), macro_design(neurons=3), {"dend": (0.02, 2), "drive": (0.18, 3)}
    chip, _ = padded_macro(process, cross_section="metal_routing", separation=0.3, neurons=3)
    path = layouts.write_layout(chip, tmp_path / "chip.oas")
    assert drc(path, process) == [] and lvs(path, process, design) == []
    padded = extract(path, process, design)
    alone = extract(layouts.write_layout(layouts.hopfield(design), tmp_path / "macro.oas"), process, design)
    more = to_pins(padded) - to_pins(alone)
    via = process.layers["v3"].contact_resistance / process.layers["v3"].size ** 2
    names = padded.node_net[padded.terminals]
    assert padded.net_names == alone.net_names and np.array_equal(names, alone.node_net[alone.terminals])
    for kind, (lead, vias) in sides.items():  # µm from the pin to the label, and how many vias
        for k in range(3):
            pitch = (0.32 if kind == "dend" else 0.24) * (k - 1)
            aside = abs(APART * (k - 1) - pitch)
            long = AWAY - PAD / 2 + aside + lead
            squares = long / 0.04 - (2 - 2 * CORNER) * (aside > 1e-9)
            expected = process.layers["m5"].sheet_resistance * squares + vias * via
            found = more[names == padded.net_names.index(f"{kind}_{k}")]
            assert len(found) > 2 and found == pytest.approx(expected, rel=4e-3)
