"""The two designs of docs/thermal.md: rules and recall at 300 K on ideal wires; SPINHOP_FULL runs all their trials."""

import os
from pathlib import Path

import numpy as np
import pytest

import sim
from hwlib.design import load_design
from hwlib.schematic import ideal_network
from hwlib.weights import stored_patterns
from sim.rules import operating_point_report

DESIGNS = Path(__file__).parents[2] / "docs" / "designs"
FULL = bool(os.environ.get("SPINHOP_FULL"))


def opened(name):
    design = load_design(DESIGNS / f"{name}.yaml")
    process = design.load_process()
    return design, process, ideal_network(design, process)


@pytest.mark.parametrize("name", ["warm_29", "warm_60"])
def test_every_rule_holds_at_300_kelvin_and_not_at_900(name):
    design, process, network = opened(name)
    point = sim.protocol_on(network, design, process)
    report = operating_point_report(network, point, design.device, process, patterns=stored_patterns(design))
    assert [o.rule for o in report.outcomes if not o.passed and o.severity == "error"] == []
    assert {"thermal.hold", "thermal.drive"} <= {o.rule for o in report.outcomes}
    hot = design.model_copy(
        update={"operating_point": design.operating_point.model_copy(update={"temperature": 900.0})}
    )
    point = sim.protocol_on(network, hot, process)
    report = operating_point_report(network, point, design.device, process, patterns=stored_patterns(design))
    assert "thermal.drive" in [o.rule for o in report.outcomes if not o.passed]


@pytest.mark.parametrize(("name", "trials"), [("warm_29", 40 if FULL else 2), *([("warm_60", 10)] if FULL else [])])
def test_recall_brings_every_bit_back(name, trials):
    design, process, network = opened(name)
    result = sim.recall(network, design, process, trials=trials)
    assert result.attrs["temperature"] == 300 and float(result.accuracy_mean) == 1.0
    assert int(result.step_bits) == 0 and float(result.step_error) < 1e-3
    axons = result.wall_final.values[:, ~network.is_soma]
    assert len(np.unique(axons)) > axons.size / 2  # each is elsewhere
