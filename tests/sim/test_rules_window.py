"""V_DW windows against closed forms, a dense solve, the published numbers, and networks of the size they predict."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from hwlib.design import Design
from hwlib.network import DW_IN, DW_OUT, MTJ_IN, MTJ_OUT
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import weight_levels
from sim.protocol import protocol_for
from sim.rules import Limits, growth, operating_point_report, window
from sim.rules.cases import Cases


def network_of(n, ohm=0.0, **point):
    design = Design(name="t", network={"neurons": n}, operating_point=point)
    process = design.load_process()
    network = ladder_network(design, process, ohm) if ohm else ideal_network(design, process)
    return design, process, network, protocol_for(design, process, levels=weight_levels(design))


def report_of(n, ohm=0.0, **point):
    design, process, network, protocol = network_of(n, ohm, **point)
    return operating_point_report(network, protocol, design.device, process)


def outcome(report, rule):
    return next(o for o in report.outcomes if o.rule == rule)


def test_published_window_of_60_neurons():
    values = report_of(60).values
    assert max(values["low"]) == pytest.approx(0.148, abs=5e-4)
    assert min(values["high"]) == pytest.approx(0.564, abs=5e-4)
    assert values["recommended_v_dw"] == pytest.approx(0.356, abs=5e-4)  # the V_DW the paper's programs use


@pytest.mark.parametrize("n", [2, 3, 7, 60])
def test_ideal_windows_are_the_closed_form(n):
    i_leak = 5 * 2 * 1.602176634e-19 * 8e5 * 50e-18 / (2.1 * 9.2740100783e-24 * 0.7)
    values = report_of(n).values
    np.testing.assert_allclose(values["low"], i_leak * ((n - 1) * 500 + 2000), rtol=1e-9)
    np.testing.assert_allclose(values["high"], i_leak * ((n - 1) * 2000 + 2000), rtol=1e-9)
    np.testing.assert_allclose(values["centre"], i_leak * ((n - 1) * 1250 + 2000), rtol=1e-9)
    assert values["eq4"] == pytest.approx(i_leak * 500 * (n - 1) * 2.5, rel=1e-9, abs=0)
    v_dw = values["v_dw"]  # set to the centre
    assert values["margin"] == pytest.approx(n * [(v_dw - i_leak * ((n - 1) * 500 + 2000)) / v_dw])


def test_a_neuron_that_drives_no_axon_has_no_window():
    design = Design(name="t", network={"neurons": 4, "topology": {"axons": [(0, 1), (0, 3), (3, 0), (0, 2)]}})
    network = ideal_network(design, design.load_process())
    protocol = protocol_for(design, design.load_process(), levels=weight_levels(design))
    report = operating_point_report(network, protocol, design.device, design.load_process())
    i_leak = 5 * 2 * 1.602176634e-19 * 8e5 * 50e-18 / (2.1 * 9.2740100783e-24 * 0.7)
    for end, ohm in (("low", 500), ("high", 2000)):
        assert report.values[end][1:3] == [None, None] == report.values[f"{end}_axon"][1:3]
        assert report.values[end][::3] == pytest.approx([i_leak * (fan * ohm + 2000) for fan in (3, 1)], rel=1e-9)
    found = outcome(report, "vdw.window")
    assert found.place.name == "axon 0→1" and found.required == report.values["low"][0]
    assert report.values["recommended_v_dw"] == pytest.approx(i_leak * 3750, rel=1e-9)  # of (3500 + 4000)/2


def test_equation_4_is_flagged_for_two_and_three_neurons_only():
    for n in (2, 3):
        eq4 = outcome(report_of(n, v_dw="eq4"), "vdw.eq4")
        assert not eq4.passed and eq4.severity == "error"
        assert not outcome(report_of(n, v_dw="eq4"), "vdw.window").passed
        assert outcome(report_of(n), "vdw.eq4").severity == "warning"
        assert outcome(report_of(n), "vdw.window").passed
    three = outcome(report_of(3, v_dw="eq4"), "vdw.eq4")
    assert three.measured == pytest.approx(11.75e-3, abs=5e-6)
    assert three.required == pytest.approx(14.1e-3, abs=5e-5)
    for n in (4, 5, 60):
        assert outcome(report_of(n), "vdw.eq4").passed


@pytest.mark.parametrize(("volts", "what"), [(0.14, "switches on too late or never"), (0.60, "does not switch off")])
def test_v_dw_outside_is_an_error_naming_the_axon(volts, what):
    window_outcome = outcome(report_of(60, v_dw=volts), "vdw.window")
    assert not window_outcome.passed and window_outcome.severity == "error"
    assert what in window_outcome.message and window_outcome.place.name.startswith("axon")


def test_axons_that_cannot_follow_are_the_farthest_and_the_nearest():
    found = report_of(60, 1.0)
    low, high = np.array(found.values["low"]), np.array(found.values["high"])
    assert low.argmax() in (0, 59)  # a soma at the end of its column has the longest way
    assert outcome(report_of(60, 1.0, v_dw=0.19), "vdw.window").place.name in ("axon 0→59", "axon 59→0")
    name = outcome(report_of(60, 1.0, v_dw=0.5), "vdw.window").place.name
    post = int(name.split("→")[1])
    assert abs(post - int(high.argmin())) == 1


@pytest.mark.parametrize(("n", "ohm"), [(16, 36), (20, 24), (32, 10), (60, 3.2), (100, 1.2)])
def test_far_axon_stalls_where_the_prototype_found_it(n, ohm):
    """Per-cell resistance at which the far axon stalls at the ideal centre, from an independent prototype."""
    centre = report_of(n).values["recommended_v_dw"]
    assert max(report_of(n, 0.85 * ohm).values["low"]) < centre < max(report_of(n, 1.15 * ohm).values["low"])


def dense_threshold(network, somas_on, dendrite):
    """V_DW at which each axon's current equals its leak: dense nodal solve, nothing shared with the rule."""
    classes = [name.split("_")[0] for name in network.net_names]
    conductance = np.zeros((network.nodes, network.nodes))

    def add(a, b, g):
        conductance[a, a] += g
        conductance[b, b] += g
        conductance[a, b] -= g
        conductance[b, a] -= g

    for (a, b), ohm in zip(network.resistor_nodes, network.resistor_ohm, strict=True):
        add(a, b, 1 / ohm)
    for k, ends in enumerate(network.terminals):
        add(ends[DW_IN], ends[DW_OUT], 1 / network.r_m[k])
        on = somas_on if network.is_soma[k] else True
        add(ends[MTJ_IN], ends[MTJ_OUT], 1 / (network.r_p[k] if on else network.r_ap[k]))
    held = {"gnd": 0.0, "vdw": 1.0, "dend": dendrite}
    currents = []
    for volts in ({**held, "dend": 0.0}, {**held, "vdw": 0.0}):
        matrix, right = conductance.copy(), np.zeros(network.nodes)
        for node in network.pin_node:
            name = classes[network.node_net[node]]
            if name in volts:
                matrix[node] = 0
                matrix[node, node] = 1
                right[node] = volts[name]
        v = np.linalg.solve(matrix, right)
        currents.append((v[network.terminals[:, DW_IN]] - v[network.terminals[:, DW_OUT]]) / network.r_m)
    axons = ~network.is_soma
    threshold = np.full(network.devices, np.nan)
    threshold[axons] = ((-network.leak / network.mobility - currents[1])[axons]) / currents[0][axons]
    return threshold


def with_ground_wire(network, ohm, end=1.0):
    """The network with every device's ground terminal behind a chain of ground resistors per column.

    ``end``: resistance from the chain's two ends to ground, in units of ``ohm``.
    """
    n = network.neurons
    ground = int(network.pin_node[network.net_index("gnd")])
    extra = network.nodes + np.arange(n * n).reshape(n, n)  # (post, pre)
    terminals = network.terminals.copy()
    terminals[:, DW_OUT] = extra.ravel()
    chain = [np.stack([extra[:-1].ravel(), extra[1:].ravel()], 1),
             np.stack([np.full(n, ground), extra[0]], 1), np.stack([np.full(n, ground), extra[-1]], 1)]  # fmt: skip
    new = np.concatenate(chain)
    return replace(
        network,
        node_net=np.concatenate([network.node_net, np.full(n * n, network.net_index("gnd"))]).astype(np.int32),
        node_x=np.full(network.nodes + n * n, np.nan),
        node_y=np.full(network.nodes + n * n, np.nan),
        resistor_nodes=np.concatenate([network.resistor_nodes, new]).astype(np.int32),
        resistor_ohm=np.concatenate(
            [network.resistor_ohm, np.full(n * (n - 1), float(ohm)), np.full(2 * n, float(end * ohm))]
        ),
        resistor_layer=np.full(len(network.resistor_ohm) + len(new), -1, np.int32),
        resistor_limit=np.full(len(network.resistor_ohm) + len(new), np.inf),
        terminals=terminals,
    ).validate()


@pytest.mark.parametrize(("n", "ohm", "ground"), [(5, 20.0, 0.0), (9, 8.0, 3.0), (12, 5.0, 2.0)])
def test_windows_agree_with_a_dense_solve(n, ohm, ground):
    design, process, network, protocol = network_of(n, ohm)
    if ground:
        network = with_ground_wire(network, ground)
    cases = Cases(network, protocol, design.device, process, Limits())
    found, bound = window.v_dw_windows(cases), cases.dendrite_bound
    on, off = dense_threshold(network, True, bound), dense_threshold(network, False, -bound)
    axons = ~network.is_soma
    for j in range(n):
        mine = axons & (network.pre == j)
        assert found.low[j] == pytest.approx(on[mine].max(), rel=1e-8, abs=0)
        assert found.high[j] == pytest.approx(off[mine].min(), rel=1e-8, abs=0)
        assert on[found.low_axon[j]] == pytest.approx(on[mine].max(), rel=1e-8, abs=0)
        assert off[found.high_axon[j]] == pytest.approx(off[mine].min(), rel=1e-8, abs=0)


def behind(network, name, ohm):
    """The network with all that was at a net's pin behind one resistor that it shares."""
    pin, new = int(network.pin_node[network.net_index(name)]), network.nodes
    return replace(
        network,
        node_net=np.append(network.node_net, network.net_index(name)).astype(np.int32),
        node_x=np.full(new + 1, np.nan), node_y=np.full(new + 1, np.nan),
        resistor_nodes=np.append(
            np.where(network.resistor_nodes == pin, new, network.resistor_nodes), [[pin, new]], axis=0
        ).astype(np.int32),
        resistor_ohm=np.append(network.resistor_ohm, ohm),
        resistor_layer=np.append(network.resistor_layer, -1).astype(np.int32),
        resistor_limit=np.append(network.resistor_limit, np.inf),
        terminals=np.where(network.terminals == pin, new, network.terminals).astype(np.int32),
    ).validate()  # fmt: skip


def currents_of_v_dw_and_dendrites(network, somas, dendrites):
    """Track currents of V_DW = 1 V, and of the dendrites at their voltages, by dense solves; ``somas``: which are P."""
    conductance = np.zeros((network.nodes, network.nodes))
    r_p_ap = np.where(np.where(network.is_soma, somas[network.pre], True), network.r_p, network.r_ap)
    branches = [
        (network.resistor_nodes, network.resistor_ohm), (network.terminals[:, [DW_IN, DW_OUT]], network.r_m),
        (network.terminals[:, [MTJ_IN, MTJ_OUT]], r_p_ap),
    ]  # fmt: skip
    for ends, ohms in branches:
        for (a, b), ohm in zip(ends, ohms, strict=True):
            conductance[[a, b, a, b], [a, b, b, a]] += np.array([1, 1, -1, -1]) / ohm
    volts = {"gnd": (0.0, 0.0), "vdw": (1.0, 0.0)} | {f"dend_{j}": (0.0, v) for j, v in enumerate(dendrites)}
    right = np.zeros((network.nodes, 2))
    for name, pin in zip(network.net_names, network.pin_node, strict=True):
        if name in volts:
            conductance[pin] = np.eye(network.nodes)[pin]
            right[pin] = volts[name]
    solved = np.linalg.solve(conductance, right)
    return ((solved[network.terminals[:, DW_IN]] - solved[network.terminals[:, DW_OUT]]) / network.r_m[:, None]).T


@pytest.mark.parametrize(
    ("seed", "ground", "v_charge"), [*((k, None, 10 ** (k / 8 - 1.25)) for k in range(10)), (11, 437, 0.2)]
)
def test_somas_all_alike_are_the_bound_with_resistive_grounds(seed, ground, v_charge):
    """Beside every state of the somas, each with its dendrite: a shared ground and V_DW behind up to 300 Ω, of each
    column behind up to 50 Ω."""
    rng = np.random.default_rng(seed)
    n = 3
    design, process, network, protocol = network_of(n, 10 ** rng.uniform(0, 1.5), v_charge=v_charge)
    shared = 10 ** rng.uniform(-1, 2.5, 2) if ground is None else (1.0, 206.0)
    ground = 10 ** rng.uniform(-1, 1.7) if ground is None else ground
    network = with_ground_wire(network, ground)
    network = behind(behind(network, "gnd", shared[0]), "vdw", shared[1])
    spread = rng.uniform(0.5, 1.5, len(network.resistor_ohm))
    network = replace(network, resistor_ohm=network.resistor_ohm * spread)
    cases = Cases(network, protocol, design.device, process, Limits())
    found, bound = window.v_dw_windows(cases), cases.dendrite_bound
    low, high, axons = np.full(n, -np.inf), np.full(n, np.inf), ~network.is_soma
    for state in itertools.product((False, True), repeat=n):
        somas = np.array(state)
        per_volt, fixed = currents_of_v_dw_and_dendrites(network, somas, np.where(somas, bound, -bound))
        threshold = (-network.leak / network.mobility - fixed) / per_volt
        for j in range(n):
            mine = threshold[axons & (network.pre == j)]
            if somas[j]:
                low[j] = max(low[j], mine.max())
            else:
                high[j] = min(high[j], mine.min())
    if ground > 90:  # the control: here a state with one soma AP needs more
        assert (low > 1.02 * found.low).any()
        return
    np.testing.assert_allclose(found.low, low, rtol=1e-9, atol=0)
    np.testing.assert_allclose(found.high, high, rtol=1e-9, atol=0)


@pytest.mark.parametrize(("n", "drive", "ground"), [(5, 4.0, 12.0), (9, 10.0, 3.0), (8, 0.5, 30.0), (6, 0.0, 25.0)])
def test_uniform_ladders_of_any_size_are_the_dense_solve_of_such_columns(n, drive, ground):
    """Ground columns end half a cell beyond both their ends; somas of a gigaohm feed them like current sources."""
    _, _, network, _ = network_of(n, drive)
    network = with_ground_wire(network, ground, end=0.5)
    network = network.with_devices(r_m=np.where(network.is_soma, 1e9, 2000.0))
    soma = 40e-6
    ladder = growth.CellLadder(
        drive=drive, ground=ground, vdw=0.0, trunk=0.0, feeder=0.0, feed=0.0, r_p=500.0, r_ap=2000.0, r_m=2000.0,
        leak_current=float(-network.leak[1] / network.mobility[1]), soma_current=soma, centred=False,
    )  # fmt: skip
    low, high = ladder.window(n)
    mine = ~network.is_soma & np.isin(network.pre, (0, n // 2, n - 1))
    assert low == pytest.approx(dense_threshold(network, True, 1e9 * soma)[mine].max(), rel=1e-5, abs=0)
    assert high == pytest.approx(dense_threshold(network, False, -1e9 * soma)[mine].min(), rel=1e-5, abs=0)


@pytest.mark.parametrize(("charge", "bound"), [(1e-3, 0.1 * (4 / 500) / (4 / 500 + 1 / 2000)), (0.2, 0.2)])
def test_dendrites_are_taken_at_the_most_that_charge_or_weights_put_there(charge, bound):
    """Five neurons with weights of +W only, all ON: a divider of four parallel R_P and R_M, above a small V_C."""
    weights = {"patterns": ["11111"]}
    design = Design(name="t", network={"neurons": 5, "weights": weights}, operating_point={"v_charge": charge})
    process = design.load_process()
    protocol = protocol_for(design, process, levels=weight_levels(design))
    cases = Cases(ideal_network(design, process), protocol, design.device, process, Limits())
    assert cases.dendrite_bound == pytest.approx(bound, rel=1e-9, abs=0)


@pytest.mark.parametrize("ohm", [1.0, 3.6])
def test_window_closes_at_the_predicted_size(ohm):
    """The N extrapolated from a small network: full networks of N − 1 and N are still open and closed."""
    closes = report_of(12, ohm).values["closes_at"]
    below, at = report_of(closes - 1, ohm).values, report_of(closes, ohm).values
    assert max(below["low"]) < min(below["high"])
    assert max(at["low"]) >= min(at["high"])
    assert at["recommended_v_dw"] is None


@pytest.mark.parametrize("drive", [5.0, 8.0, 14.0, 20.0, 45.0, 120.0, 1000.0])
def test_closing_size_is_the_first_closed_one(drive):
    """Walked one by one, whatever sizes the search tries; none where it is open for ever."""
    ladder = growth.CellLadder(
        drive=drive, ground=drive / 4, vdw=0.0, trunk=0.0, feeder=0.0, feed=0.0, r_p=500.0, r_ap=2000.0, r_m=2000.0,
        leak_current=4.7e-6, soma_current=0.0, centred=False,
    )  # fmt: skip
    sizes = iter(range(2, 200))
    assert ladder.closes_at() == next(n for n in sizes if np.greater_equal(*ladder.window(n)))
    assert replace(ladder, drive=0.0, ground=0.0).closes_at() is None


@pytest.mark.parametrize("neurons", [4, 20, 29, 41])
@pytest.mark.parametrize("narrower", [0.9, 1.0, 1.2, 1.5])
def test_closing_size_agrees_with_the_network_s_own_window(neurons, narrower):
    """What the ladder leaves out narrows or widens a network's own window: closed there, it closes there or before."""
    ladder = growth.CellLadder(
        drive=6.4, ground=6.4, vdw=1.7, trunk=7.5, feeder=0.0, feed=60.0, r_p=500.0, r_ap=2000.0, r_m=2000.0,
        leak_current=4.7e-6, soma_current=0.0, centred=False,
    )  # fmt: skip
    low, high = ladder.window(neurons)
    closes = ladder.closes_at((neurons, low * narrower, high))
    assert (closes <= neurons) == (low * narrower >= high)
    ratio = [np.divide(*ladder.window(n)) * narrower for n in (closes - 1, closes)]
    assert ratio[0] < 1 <= ratio[1]


@pytest.mark.parametrize("neurons", [8, 13, 60, 61, 62, 100])
def test_closing_size_of_centred_columns_is_the_first_one_of_even_and_odd(neurons):
    """As ``hopfield_60`` was drawn: 456 is closed, 457 open, 458 closed; which one was said hung on the sizes tried."""
    ladder = growth.CellLadder(
        drive=0.48988, ground=0.495782, vdw=0.815561, trunk=1.786781, feeder=0.5484, feed=113.438, r_p=2500.0,
        r_ap=1e4, r_m=4000.0, leak_current=9.4019e-7, soma_current=1.58144e-5, centred=True,
    )  # fmt: skip
    low, high = ladder.window(neurons)
    own = {n: float(np.divide(*ladder.window(n))) for n in range(440, 475)}
    for first in range(446, 466, 2):
        scale = (own[first] + own[first + 1]) / 2  # closed, open, closed
        assert own[first - 1] < own[first + 1] < scale < own[first]
        assert ladder.closes_at((neurons, low / scale, high)) == first


@pytest.mark.parametrize(
    ("size", "found"), [(2, 2), (3, 3), (4, 4), (5, 5), (1025, 1025), (4095, 4095), (4096, 4096), (4097, None)]
)
def test_closing_size_is_looked_for_up_to_4096(monkeypatch, size, found):
    monkeypatch.setattr(growth.CellLadder, "window", lambda self, n: (0.0, float(size - n)))
    ohms = dict.fromkeys(("drive", "ground", "vdw", "trunk", "feeder", "feed", "r_p", "r_ap", "r_m"), 1.0)
    assert growth.CellLadder(**ohms, leak_current=1e-6, soma_current=0.0, centred=False).closes_at() == found


def test_cell_resistances_are_recovered():
    design, process, network, protocol = network_of(20, 2.5)
    drawn = with_ground_wire(network, 1.5)
    ladder = growth.cell_ladder(Cases(drawn, protocol, design.device, process, Limits()))
    assert ladder.drive == pytest.approx(2.5, rel=1e-6, abs=0)
    assert ladder.ground == pytest.approx(1.5, rel=0.12, abs=0)  # its formula takes evenly fed columns
    assert ladder.vdw == 0 and not ladder.centred


@pytest.mark.parametrize(("drive", "stub"), [(2.5, 7.0), (2.5, 80.0), (40.0, 3.0)])
def test_resistance_from_a_soma_to_its_column_is_recovered(drive, stub):
    """The same resistor between every soma and its column; the taps beside a soma are a cell away from there."""
    design, process, network, protocol = network_of(12, drive)
    somas, new = network.somas, network.nodes + np.arange(12)
    terminals = network.terminals.copy()
    column = terminals[somas, MTJ_OUT]
    terminals[somas, MTJ_OUT] = new
    drawn = replace(
        network,
        node_net=np.concatenate([network.node_net, network.node_net[column]]).astype(np.int32),
        node_x=np.full(network.nodes + 12, np.nan), node_y=np.full(network.nodes + 12, np.nan),
        resistor_nodes=np.concatenate([network.resistor_nodes, np.stack([column, new], axis=1)]).astype(np.int32),
        resistor_ohm=np.append(network.resistor_ohm, np.full(12, stub)),
        resistor_layer=np.append(network.resistor_layer, np.full(12, -1)).astype(np.int32),
        resistor_limit=np.append(network.resistor_limit, np.full(12, np.inf)), terminals=terminals,
    ).validate()  # fmt: skip
    ladder = growth.cell_ladder(Cases(drawn, protocol, design.device, process, Limits()))
    assert (ladder.drive, ladder.feed) == pytest.approx((drive, stub), rel=1e-6, abs=0)


def test_waiver_keeps_the_finding_but_does_not_fail():
    design, process, network, protocol = network_of(3, v_dw="eq4")
    waivers = {"vdw.window": "bench device", "vdw.eq4": "bench device"}
    found = operating_point_report(network, protocol, design.device, process, waivers=waivers).findings()
    severities = {f.rule: f.severity for f in found}
    assert severities["vdw.window"] == severities["vdw.eq4"] == "waived"
    assert "bench device" in next(f.message for f in found if f.rule == "vdw.window")
