"""The rules on drawn and extracted networks: places, per-layer currents, worst starts, the size where they fail."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from hwlib.design import Design
from hwlib.extraction import extract, with_capacitance
from hwlib.nets import DENDRITE, LINE, RAIL
from hwlib.weights import weight_levels
from layouts import hopfield, write_layout
from sim.protocol import protocol_for
from sim.rules import Limits, leaks, operating_point_report, summed_sizes
from sim.rules.cases import LOAD_STATE, Cases


def drawn(folder, n, **network):
    design = Design(name="t", network={"neurons": n, **network})
    process = design.load_process()
    path = folder / f"n{n}.oas"
    write_layout(hopfield(design), path)
    return design, process, with_capacitance(extract(path, process, design), path, process)


def report_of(design, process, network):
    protocol = protocol_for(design, process, levels=weight_levels(design))
    return operating_point_report(network, protocol, design.device, process)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return drawn(tmp_path_factory.mktemp("drawn"), 5)


def test_every_layer_is_judged_at_a_place_on_the_layout(small):
    _, _, network = small
    report = report_of(*small)
    rules = {o.rule for o in report.outcomes}
    assert {"current.read", "current.m1", "current.m2", "current.m3", "current.v2", "rc.time", "ir.ground"} <= rules
    assert report.values["cells_area"] > 0
    for outcome in report.outcomes:
        x, y = outcome.place.x, outcome.place.y
        assert np.nanmin(network.node_x) <= x <= np.nanmax(network.node_x), outcome.rule
        assert np.nanmin(network.node_y) <= y <= np.nanmax(network.node_y), outcome.rule


@pytest.mark.parametrize("rails", ["floating", "grounded"])
def test_worst_start_is_the_maximum_over_all_starts(small, rails):
    design, process, network = small
    protocol = protocol_for(design, process, levels=weight_levels(design), rails_while_loading=rails)
    cases = Cases(network, protocol, design.device, process, Limits())
    bound = cases.load_bound
    held = cases.held(DENDRITE, *([RAIL] if rails == "grounded" else []))
    circuit = cases.circuits.at(cases.parallel(True, "all"), held)
    tracks, wires, pillars, surely = [], [], [], []
    for start in product((0, 1), repeat=5):
        volts = replace(protocol, start=np.array(start)).load_voltages(network)
        found = circuit.solve(np.nan_to_num(volts))
        tracks.append(np.abs(found.track_current))
        wires.append(np.abs(found.resistor_current))
        pillars.append(np.abs(found.pillar_voltage))
        sign = 2 * np.array(start) - 1
        surely.append(sign * (found.track_current[network.somas] - bound.drift))
    # With V_DW of one sign the worst start of some elements is opposed by it: the bound is then above, never below.
    for all_starts, size in ((tracks, bound.track_current), (wires, bound.resistor_current),
                             (pillars, bound.pillar_voltage)):  # fmt: skip
        np.testing.assert_allclose(np.max(all_starts, axis=0), size, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(np.min(surely, axis=0), bound.drive, rtol=1e-6)
    assert cases.states[LOAD_STATE] is bound


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_find_the_same_worst_start_to_the_last_bit(small, monkeypatch, threads):
    design, process, network = small
    protocol = protocol_for(design, process, levels=weight_levels(design))
    bounds = []
    for alone in (np.inf, 0):
        monkeypatch.setattr(summed_sizes, "ALONE", alone)
        monkeypatch.setattr(summed_sizes, "threads", lambda: threads)
        bounds.append(Cases(network, protocol, design.device, process, Limits()).load_bound)
    for name, values in vars(bounds[0]).items():
        np.testing.assert_array_equal(getattr(bounds[1], name), values, err_msg=name)


def test_power_dissipated_is_power_delivered(small):
    """Tellegen: what tracks, pillars and wires take is what the pins give, pin by pin."""
    design, process, network = small
    protocol = protocol_for(design, process, levels=weight_levels(design))
    cases = Cases(network, protocol, design.device, process, Limits())
    for solution in cases.run_states.values():
        into = np.zeros(network.nodes)
        ends = network.resistor_nodes
        np.add.at(into, ends[:, 0], solution.resistor_current)
        np.add.at(into, ends[:, 1], -solution.resistor_current)
        pins = [p for p in network.pin_node if cases.held(LINE, RAIL)[network.node_net[p]]]
        assert sum(into[p] * solution.voltage[p] for p in pins) == pytest.approx(solution.power, rel=1e-9, abs=0)


@pytest.mark.parametrize("placement", ["diagonal", "centred"])
def test_size_where_drawn_networks_fail_is_foretold_by_a_small_one(tmp_path, placement):
    """From 10 neurons: at 80 % of the foretold size the window is still open, at that size it is closed."""
    closes = report_of(*drawn(tmp_path, 10, soma_placement=placement)).values["closes_at"]
    still, shut = (report_of(*drawn(tmp_path, n, soma_placement=placement)).values for n in (int(0.8 * closes), closes))
    assert max(still["low"]) < min(still["high"])
    assert max(shut["low"]) >= min(shut["high"])
    assert shut["recommended_v_dw"] is None


def test_rc_of_a_drawn_network_is_far_below_a_wall_transit(small):
    outcome = next(o for o in report_of(*small).outcomes if o.rule == "rc.time")
    assert outcome.passed and 1e-14 < outcome.measured < 1e-11


@pytest.mark.parametrize("width", [60e-9, 120e-9])
def test_cell_resistances_are_the_drawn_squares(tmp_path, width):
    """Drive and ground columns: sheet resistance × cell height / width, from the voltages of the solved network."""
    design, process, network = drawn(tmp_path, 8, drive_width=width, ground_width=width)
    cell = np.ptp(network.device_y[~network.is_soma]) / 7
    squares = process.layers["m2"].sheet_resistance * cell / width
    found = report_of(design, process, network).values["ohm_per_cell"]
    assert found["drive"] == pytest.approx(squares, rel=0.02, abs=0)
    assert found["ground"] == pytest.approx(squares, rel=0.02, abs=0)


def test_rows_of_large_networks_that_share_a_solve_change_the_deciding_drive_little(tmp_path, monkeypatch):
    design, process, network = drawn(tmp_path, 34)

    def deciding() -> float:
        return next(o for o in report_of(design, process, network).outcomes if o.rule == "leak.soma").required

    exact = deciding()
    monkeypatch.setattr(leaks, "MANY", 20)
    assert exact != deciding() == pytest.approx(exact, rel=0.01)
