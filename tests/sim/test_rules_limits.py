"""Every other rule: closed forms on clean designs, and a planted violation each."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT
from hwlib.schematic import ideal_network
from hwlib.weights import weight_levels
from sim.protocol import protocol_for
from sim.rules import Limits, Outcome, check_operating_point, rule_names
from sim.rules.outcome import first_largest, first_smallest
from tests.support.random_trials import wired
from tests.support.rule_bench import MOBILITY, Bench


@pytest.mark.parametrize("n", [5, 7, 8, 30, 60])
def test_table_1_passes_every_rule_without_wires(n):
    bench = Bench(n).place_devices()
    assert bench.report().findings() == []
    assert all(o.formula and o.source and o.message for o in bench.report().outcomes)


def test_one_of_four_neurons_on_does_not_hold_itself():
    """Four neurons of seed 1 store three ones; the inverse's one ON neuron cannot hold three OFF ones there."""
    assert [finding.rule for finding in Bench(4).report().findings()] == ["state.inverse"]


def test_good_wires_pass_every_rule():
    assert Bench(20, 0.5).report().findings() == []


def test_what_ties_but_for_rounding_goes_to_the_first():
    values = np.array([1.0, 3.0, 3.0 * (1 + 1e-12), 2.0])
    assert (first_largest(values), first_smallest(-values), first_largest(values * (1, 1, 1.001, 1))) == (1, 1, 2)
    assert (first_largest(np.array([1.0, np.inf, np.inf])), first_smallest(np.array([[1.0, -np.inf]]))) == (1, 1)


# --- leaks


def test_axon_leak_toward_on_is_caught_and_named():
    bench = Bench()
    leak = bench.network.leak.copy()
    leak[3 * 8 + 5] = 1.0
    bench.network = bench.network.with_devices(leak=leak)
    found = bench.outcome("leak.axon_sign")
    assert not found.passed and found.severity == "error" and found.place.name == "axon 5→3"


@pytest.mark.parametrize(("leak", "device"), [(-12.0, 3 * 8 + 5), (-2.0, 2 * 8 + 7)])
def test_one_axon_leak_of_the_wrong_size_is_caught_and_named(leak, device):
    bench = Bench()
    leaks = bench.network.leak.copy()
    leaks[device] = leak
    bench.network = bench.network.with_devices(leak=leaks)
    found = bench.outcome("leak.axon_size")
    assert not found.passed and found.place.name == f"axon {device % 8}→{device // 8}"
    assert found.measured == pytest.approx(abs(leak) / MOBILITY, rel=1e-9, abs=0)


@pytest.mark.parametrize("n", [3, 8, 60])
def test_smallest_deciding_drive_is_the_closed_form(n):
    found = Bench(n).outcome("leak.soma")
    assert found.measured == pytest.approx(0.2 / MOBILITY, rel=1e-9, abs=0)
    assert found.required == pytest.approx(0.1 * (1 / 500 - 1 / 2000) / (2000 * (n - 1) / 500 + 1), rel=1e-9, abs=0)


def soma_current(network, protocol, on):
    """Track current of every soma with axons ``on``: dense, independent of the rule; weights as programmed."""
    source = {k: v for k, v in enumerate(protocol.net_voltages(network)) if not np.isnan(v)}
    g, right = np.zeros((network.nodes,) * 2), np.zeros(network.nodes)
    branches = [(a, b, 1 / r) for (a, b), r in zip(network.resistor_nodes, network.resistor_ohm, strict=True)]
    for k, t in enumerate(network.terminals):
        branches.append((t[DW_IN], t[DW_OUT], 1 / network.r_m[k]))
        branches.append((t[MTJ_IN], t[MTJ_OUT], 1 / (network.r_p[k] if on[k] else network.r_ap[k])))
    for a, b, s in branches:
        g[[a, b], [a, b]] += s
        g[[a, b], [b, a]] -= s
    for node in network.pin_node:
        if network.node_net[node] in source:
            g[node], right[node] = 0, source[network.node_net[node]]
            g[node, node] = 1
    v = np.linalg.solve(g, right)
    t = network.terminals[network.somas]
    return (v[t[:, DW_IN]] - v[t[:, DW_OUT]]) / 2000


def deciding_drives(network):
    """What one ampere from each axon's pillar into its dendrite puts through the soma there: dense, all devices ON."""
    g = np.zeros((network.nodes,) * 2)
    branches = [(a, b, 1 / r) for (a, b), r in zip(network.resistor_nodes, network.resistor_ohm, strict=True)]
    for k, t in enumerate(network.terminals):
        branches += [(t[DW_IN], t[DW_OUT], 1 / network.r_m[k]), (t[MTJ_IN], t[MTJ_OUT], 1 / network.r_p[k])]
    for a, b, s in branches:
        g[[a, b], [a, b]] += s
        g[[a, b], [b, a]] -= s
    held = [p for p in network.pin_node if network.net_names[network.node_net[p]][:2] in ("gn", "vd", "w_")]
    g[held] = 0
    g[held, held] = 1
    drives = []
    for axon in np.flatnonzero(~network.is_soma):
        into = np.zeros(network.nodes)
        into[network.terminals[axon, [MTJ_OUT, MTJ_IN]]] += 1, -1
        into[held] = 0
        v = np.linalg.solve(g, into)
        soma = network.terminals[network.somas[network.post[axon]]]
        drives.append((v[soma[DW_IN]] - v[soma[DW_OUT]]) / 2000)
    return np.array(drives)


def test_smallest_deciding_drive_with_a_shared_ground_is_each_row_s_own():
    """Every row is judged alone: what others would put through its soma over the shared ground is not counted."""
    bench = Bench(5)
    shapes = dict.fromkeys(("dendrite", "drive", "vdw", "rail"), "star") | {"ground": "resistor"}
    bench.network = wired(bench.network, np.random.default_rng(1), 100.0, shapes)
    flip = 0.1 * (1 / 500 - 1 / 2000)
    expected = flip * deciding_drives(bench.network).min()
    assert bench.outcome("leak.soma").required == pytest.approx(expected, rel=1e-9, abs=0)


def test_deciding_drive_with_wires_bounds_a_real_flip():
    """Flip the named axon in a full dense solve of a nearly balanced dendrite: it moves the soma by that much."""
    bench = Bench(9, 6.0)
    found = bench.outcome("leak.soma")
    pre, post = (int(x) for x in found.place.name.removeprefix("axon ").split("→"))
    levels = np.ones((9, 9))
    np.fill_diagonal(levels, 0)
    levels[post, [j for j in range(9) if j != post][::2]] = -1  # four of each sign: balanced
    protocol = replace(bench.protocol, levels=levels)
    on = np.ones(81, bool)
    off = on.copy()
    off[post * 9 + pre] = False
    flip = soma_current(bench.network, protocol, on)[post] - soma_current(bench.network, protocol, off)[post]
    assert abs(flip) == pytest.approx(
        found.required, rel=0.12, abs=0
    )  # a finite flip of one in eight, not the derivative
    assert found.required < Bench(9).outcome("leak.soma").required  # wires take from it


def test_soma_leak_above_the_deciding_drive_is_caught():
    assert Bench(60, soma_leak=0.5).outcome("leak.soma").passed  # 0.47 µA < 0.63 µA
    found = Bench(60, soma_leak=0.8).outcome("leak.soma")
    assert not found.passed and found.severity == "error"


@pytest.mark.parametrize("leak", [0.2, -0.2])
def test_load_drive(leak):
    bench = Bench(soma_leak=leak)
    assert bench.outcome("leak.load").measured == pytest.approx(0.1 / 2000, rel=1e-9, abs=0)
    found = Bench(soma_leak=leak, v_charge=0.3e-3).outcome("leak.load")  # 0.15 µA < 0.188 µA
    assert not found.passed and found.severity == "error"
    assert Bench(soma_leak=leak, v_charge=0.5e-3).outcome("leak.load").passed


def test_leak_time():
    found = Bench().outcome("leak.time")
    assert found.passed and found.measured == pytest.approx(100e-9 / 0.2)
    slow = Bench(soma_leak=0.01).outcome("leak.time")  # 10 µs against 2 µs
    assert not slow.passed and slow.severity == "warning"
    none = Bench(soma_leak=0.0).outcome("leak.time")
    assert not none.passed and "inf" not in none.message
    assert "Infinity" not in json.dumps(Bench(soma_leak=0.0).report().as_dict())


# --- limits


def test_barrier_voltage_is_the_soma_divider_or_twice_the_weight():
    found = Bench(60).outcome("barrier.voltage")
    v_dw = Bench(60).protocol.v_dw
    assert found.measured == pytest.approx(v_dw * 2000 / (2000 + 2000 / 59), rel=1e-9, abs=0)
    assert found.place.name.startswith("soma") and "AP" in found.state


def test_barrier_beyond_breakdown_is_caught():
    found = Bench(8, weight=0.7).outcome("barrier.voltage")
    assert not found.passed and found.place.name.startswith("axon") and found.severity == "error"
    assert Bench(8, v_dw=1.3).outcome("barrier.voltage").place.name.startswith("soma")
    assert not Bench(8, v_dw=1.3).outcome("barrier.voltage").passed


def test_track_current_density():
    found = Bench().outcome("current.track")
    assert found.measured == pytest.approx(0.1 / 2000 / 50e-18, rel=1e-9, abs=0)  # exactly the process's limit
    assert found.passed
    worse = Bench(v_charge=0.11).outcome("current.track")
    assert not worse.passed and worse.measured == pytest.approx(1.1e12, rel=1e-9, abs=0) and "soma" in worse.place.name


def test_track_current_is_judged_at_the_narrowest_place():
    bench = Bench()
    bench.network = bench.network.with_devices(narrowest_area=bench.network.area * 26 / 50)
    found = bench.outcome("current.track")
    assert not found.passed
    assert found.measured == pytest.approx(0.1 / 2000 / 50e-18 * 50 / 26, rel=1e-9, abs=0)  # × 1.92


def test_wire_current_names_the_worst_segment_per_layer():
    bench = Bench(8, 1.0).layered(1.0)
    for layer in ("m2", "m3"):
        assert bench.outcome(f"current.{layer}").passed
    feed = bench.outcome("current.m2").measured
    # the soma at a column's end feeds seven axons through the first cell: I = V_DW/(R_P + R_M/7) less the wires
    ideal = bench.protocol.v_dw / (500 + 2000 / 7)
    assert 0.9 * ideal < feed < ideal
    assert bench.layered(1.001 * feed).outcome("current.m2").passed
    bad = bench.layered(0.999 * feed).outcome("current.m2")
    assert not bad.passed and bad.severity == "error"
    assert bad.place.name in ("m2 of drive_0", "m2 of drive_7") and bad.place.x is not None


def test_one_weak_segment_is_found():
    bench = Bench(8, 1.0).layered(1e-3)
    weak = 11
    limit = bench.network.resistor_limit.copy()
    limit[weak] = 1e-9
    bench.network = replace(bench.network, resistor_limit=limit)
    found = bench.outcome("current.m3")
    nodes = bench.network.resistor_nodes[weak]
    assert not found.passed and found.required == pytest.approx(1e-9)
    assert found.place.x == pytest.approx(bench.network.node_x[nodes].mean())


def test_segments_without_a_limit_are_not_judged():
    assert not [o for o in Bench(8, 1.0).report().outcomes if o.rule.startswith("current.m")]


@pytest.mark.parametrize(("rule", "ohm"), [("ir.drive", 20.0), ("ir.dendrite", 40.0)])
def test_ir_drop_is_a_warning(rule, ohm):
    assert Bench(8, 0.5).outcome(rule).passed
    found = Bench(8, ohm).outcome(rule)
    assert not found.passed and found.severity == "warning" and found.place.name.startswith("axon")


def stretched(network, terminal, ohm):
    """The network with a resistor before one kind of terminal of every device."""
    count = network.devices
    old = network.terminals[:, terminal]
    new = network.nodes + np.arange(count)
    terminals = network.terminals.copy()
    terminals[:, terminal] = new
    return replace(
        network,
        node_net=np.concatenate([network.node_net, network.node_net[old]]),
        node_x=np.full(network.nodes + count, np.nan),
        node_y=np.full(network.nodes + count, np.nan),
        resistor_nodes=np.stack([old, new], 1).astype(np.int32),
        resistor_ohm=np.full(count, ohm),
        resistor_layer=np.full(count, -1, np.int32),
        resistor_limit=np.full(count, np.inf),
        terminals=terminals,
    ).validate()


@pytest.mark.parametrize(
    ("rule", "terminal"), [("ir.ground", DW_OUT), ("ir.weight", MTJ_IN), ("ir.vdw", MTJ_IN), ("ir.dendrite", MTJ_OUT)]
)
def test_ir_drop_of_each_net_class(rule, terminal):
    good, bad = Bench(8), Bench(8)
    good.network, bad.network = stretched(good.network, terminal, 2.0), stretched(bad.network, terminal, 400.0)
    assert good.outcome(rule).passed
    found = bad.outcome(rule)
    assert not found.passed and found.severity == "warning"


def test_ir_drop_of_v_dw_is_the_divider():
    bench = Bench(8)
    bench.network = stretched(bench.network, MTJ_IN, 10.0)
    assert bench.outcome("ir.vdw").measured == pytest.approx(10 / (10 + 500 + 2000 / 7), rel=1e-9, abs=0)


def with_capacitance(network, farad):
    nets = len(network.net_names)
    return replace(network, net_capacitance=np.full(nets, farad))


def test_rc_time_is_the_closed_form_and_needs_capacitance():
    bench = Bench(8)
    assert not [o for o in bench.report().outcomes if o.rule == "rc.time"]
    bench.network = with_capacitance(bench.network, 5e-15)
    found = bench.outcome("rc.time")
    # drive: R_AP parallel to seven tracks; dendrite: seven R_AP parallel to the soma's track
    assert found.passed
    assert found.measured == pytest.approx(5e-15 / min(1 / 2000 + 7 / 2000, 7 / 2000 + 1 / 2000), rel=1e-9, abs=0)
    bench.network = with_capacitance(bench.network, 5e-12)
    assert not bench.outcome("rc.time").passed


def test_coupling_counts_twice_in_rc_time():
    bench = Bench(8)
    plain = with_capacitance(bench.network, 1e-15)
    bench.network = plain
    before = bench.outcome("rc.time").measured
    pair = np.array([[plain.net_index("dend_2"), plain.net_index("gnd")]], np.int32)
    bench.network = replace(plain, coupling_nets=pair, coupling_farad=np.array([1e-15]))
    found = bench.outcome("rc.time")
    assert found.measured == pytest.approx(3 * before, rel=1e-9, abs=0) and found.place.name == "dend_2"


def test_power_is_the_closed_form_of_the_bounding_state():
    """All axons ON: per dendrite ``ΣG·W² − (ΣG·W)²/(ΣG + 1/R_M)``, per soma drive ``V_DW²/(R_P + R_M/(N−1))``."""
    bench = Bench(20).place_devices()
    report = bench.report()
    weights = 0.1 * weight_levels(bench.design)
    rows = (weights**2).sum(axis=1) / 500 - (weights.sum(axis=1) / 500) ** 2 / (19 / 500 + 1 / 2000)
    drives = 20 * bench.protocol.v_dw**2 / (500 + 2000 / 19)
    assert report.values["power"] == pytest.approx(rows.sum() + drives, rel=1e-9, abs=0)
    assert report.values["cells_area"] == pytest.approx((20 * 240e-9) ** 2, rel=1e-9, abs=0)
    hot = next(o for o in report.outcomes if o.rule == "power.density")
    rise = report.values["power"] / (4 * 148 * math.sqrt(report.values["cells_area"] / math.pi))
    assert hot.measured == pytest.approx(rise, rel=1e-9, abs=0) and hot.passed
    assert "mW on 23.04 µm² of cells (" in hot.message
    bench.limits = Limits(temperature_rise=0.5 * rise)
    assert not bench.outcome("power.density").passed


# --- waivers, tables, bad input


def test_findings_carry_place_and_numbers():
    bench = Bench(8, v_charge=0.2).place_devices()
    here = bench.network, bench.protocol, bench.device, bench.process
    found = check_operating_point(*here, starts=sim.starts(bench.design))
    track = next(f for f in found if f.rule == "current.track")
    assert (track.check, track.severity, track.unit) == ("erc", "error", "A/m^2")
    assert track.x is not None and track.measured > track.required


def test_markers_are_the_findings_with_place_and_margin():
    """Of rules that hold there is none, nor in the database that is written of them."""
    bench = Bench(8, v_charge=0.2, v_dw=0.01).place_devices()
    bench.waivers = {"current.track": "pulsed load, 16 ns"}
    report = bench.report()
    markers, findings = report.markers(), report.findings()
    assert 2 <= len(markers) < len(report.outcomes)
    assert [(m.rule, m.severity, m.x, m.y) for m in markers] == [(f.rule, f.severity, f.x, f.y) for f in findings]
    track = next(m for m in markers if m.rule == "current.track")
    assert (
        track.message.endswith(f"; margin −{-100 * bench.outcome('current.track').margin:.1f} %")
        and track.x is not None
    )


def test_waived_rules_do_not_fail():
    bench = Bench(8, v_charge=0.2)
    bench.waivers = {"current.track": "pulsed load, 16 ns"}
    found = bench.report().findings()
    assert [(f.rule, f.severity) for f in found] == [("current.track", "waived"), ("current.load_any", "warning")]
    assert "pulsed load" in found[0].message
    rows = {r["rule"]: r for r in bench.report().rows()}
    assert rows["current.track"]["status"] == "waived" and rows["current.track"]["reason"] == "pulsed load, 16 ns"
    assert rows["leak.soma"]["status"] == "pass" and rows["leak.soma"]["reason"] == ""


@pytest.mark.parametrize(("margin", "holds"), [(0.0, True), (-1e-12, True), (-1e-6, False), (1e-6, True)])
def test_a_limit_met_exactly_holds_and_one_just_missed_does_not(margin, holds):
    assert Outcome("r", "", margin, "error", "f", "s").passed == holds


def test_waiver_of_an_unknown_rule_is_refused():
    bench = Bench()
    bench.waivers = {"vdw.windows": "typo"}
    with pytest.raises(InputError, match=r"waivers.vdw.windows: no such operating-point rule; did you mean 'vdw.w"):
        bench.report()


def test_every_outcome_can_be_waived_by_its_name():
    bench = Bench(8, 1.0).layered(1e-3)
    bench.network = with_capacitance(bench.network, 1e-15)
    names = rule_names(bench.process)
    assert {o.rule for o in bench.report().outcomes} <= set(names)
    assert len(set(names)) == len(names)


def test_table_and_json(tmp_path):
    report = Bench(8, 1.0).report()
    table = report.table().splitlines()
    assert len(table) == 1 + len(report.outcomes) and table[0].startswith("rule")
    data = json.loads(report.write_json(tmp_path / "erc.json").read_text())
    assert len(data["rules"]) == len(report.outcomes)
    assert data["values"]["ohm_per_cell"]["drive"] == pytest.approx(1.0, rel=1e-6, abs=0)
    assert {"rule", "status", "margin", "measured", "required", "where", "x", "y", "formula"} <= set(data["rules"][0])


def test_lines_without_levels_are_bad_input():
    design = Design(name="t", network={"neurons": 4, "weight_style": "lines"})
    process = design.load_process()
    with pytest.raises(InputError, match="weight lines need levels"):
        check_operating_point(ideal_network(design, process), protocol_for(design, process), design.device, process)
