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


def test_straps_make_an_example_work(tmp_path):
    """Ten neurons on long columns recall their pattern with straps; without them their walls never rest."""
    design = load_design(next(path for path in EXAMPLES if path.stem == "hopfield_10_straps"))
    process, found = design.load_process(), {}
    for straps in (design.network.straps, type(design.network.straps)()):
        tried = design.model_copy(update={"network": design.network.model_copy(update={"straps": straps})})
        gds = layouts.write_layout(layouts.hopfield(tried), tmp_path / "tried.oas")
        network = extract(gds, process, tried)
        broken = {outcome.rule for outcome in sim.judge(network, tried, process).outcomes if outcome.margin < 0}
        result = sim.run_task(network, tried, process, trials=1, tolerance=1e-6)
        found[bool(straps.given())] = float(result.accuracy_mean), float(result.rest_rate), broken
    assert found[True][:2] == (1.0, 1.0) and found[False][1] == 0.0
    assert {"vdw.window", "drive.pattern"} <= found[False][2] and not {"vdw.window", "drive.pattern"} & found[True][2]


def test_there_are_examples_of_both_styles_and_several_sizes():
    networks = [load_design(path).network for path in EXAMPLES]
    assert {network.weight_style for network in networks} == {"rails", "lines"}
    assert {3, 8, 16, 60} <= {network.neurons for network in networks}
