"""A weight style from outside the package: drawn, checked, extracted and simulated like the others."""

from __future__ import annotations

import numpy as np
import pytest

import layouts
import sim
from hwlib.checks import drc, lvs
from hwlib.design import Design
from hwlib.extraction import extract
from hwlib.schematic import ideal_network
from hwlib.weight_styles import WEIGHT_STYLES, Lines, register
from hwlib.weights import stored_patterns
from layouts.styles import DRAWN_STYLES, DrawnLines
from layouts.styles import register as register_drawing


class WestLines(Lines):
    """Lines that all leave on the west side."""

    name = "west_lines"
    meaning = "lines on one side"
    most_neurons = 12
    why = "one side only"


class DrawnWestLines(DrawnLines):
    """Twice the channel, one edge."""

    name = "west_lines"

    def goes_west(self, n, column):
        return True


@pytest.fixture
def west_lines():
    register(WestLines())
    register_drawing(DrawnWestLines())
    yield "west_lines"
    del WEIGHT_STYLES["west_lines"], DRAWN_STYLES["west_lines"]


def test_a_weight_style_from_outside_is_drawn_checked_extracted_and_simulated(west_lines, tmp_path):
    design = Design(name="west", network={"neurons": 5, "weight_style": west_lines})
    process = design.load_process()
    path = layouts.write_layout(layouts.hopfield(design, process), tmp_path / "west.oas")
    assert [f for f in drc(path, process) + lvs(path, process, design) if f.severity == "error"] == []
    network = extract(path, process, design)
    names = ideal_network(design, process).net_names
    assert set(network.net_names) == set(names)
    lines = [k for k, name in enumerate(network.net_names) if name.startswith("w_")]
    pins = network.pin_node[np.isin(network.node_net[network.pin_node], lines)]
    assert network.node_x[pins].max() < network.device_x.min()  # all on the west side

    pattern = stored_patterns(design)[0]
    for each in (ideal_network(design, process), network):
        protocol = sim.protocol_on(each, design, process, start=pattern)
        assert sim.run(each, protocol, engine="reference", record=False).state.values.tolist() == pattern.tolist()


def test_its_limits_are_told_when_the_design_is_read(west_lines):
    with pytest.raises(ValueError, match=r"west_lines is limited to 12 neurons \(one side only\), found 13"):
        Design(name="west", network={"neurons": 13, "weight_style": west_lines})
    with pytest.raises(ValueError, match="there is a weight style west_lines already"):
        register(WestLines())
    del WEIGHT_STYLES["west_lines"]
    with pytest.raises(ValueError, match="found 'west_lines', allowed: lines, rails"):
        Design(name="west", network={"neurons": 3, "weight_style": west_lines})
    register(WestLines())
