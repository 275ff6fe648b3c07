"""Every example that ships: its layout keeps all design rules and is the netlist of its design."""

from pathlib import Path

import pytest

import layouts
import sim
from hwlib.checks import drc, lvs
from hwlib.design import load_design
from hwlib.extraction import extract, with_capacitance
from hwlib.findings import failed

EXAMPLES = sorted((Path(layouts.__file__).parent / "examples").glob("*.yaml"))
SMALL = [path for path in EXAMPLES if load_design(path).network.neurons <= 16]


def drawn(path, folder):
    design = load_design(path)
    return design, design.load_process(), layouts.write_layout(layouts.hopfield(design), folder / f"{path.stem}.gds")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_example_keeps_the_design_rules_and_is_its_netlist(path, tmp_path):
    design, process, gds = drawn(path, tmp_path)
    assert drc(gds, process) == []
    assert lvs(gds, process, design, topology=True) == []


@pytest.mark.parametrize("path", SMALL, ids=lambda p: p.stem)
def test_small_example_works_at_its_operating_point(path, tmp_path):
    """As drawn, no rule is broken but those it waives, and none is waived that holds: reasons go stale."""
    design, process, gds = drawn(path, tmp_path)
    network = with_capacitance(extract(gds, process, design), gds, process)
    report = sim.judge(network, design, process)
    assert not failed(report.findings())
    assert {f.rule for f in report.findings() if f.severity == "waived"} == set(design.waivers)


def test_there_are_examples_of_both_styles_and_several_sizes():
    networks = [load_design(path).network for path in EXAMPLES]
    assert {network.weight_style for network in networks} == {"rails", "lines"}
    assert {3, 8, 16, 60} <= {network.neurons for network in networks}
