"""Rows of coupled: dendrites beside weight rails, against the general elimination and against dense algebra."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from test_layout_single_ladders import FIELDS

import layouts
from hwlib.design import Design
from hwlib.extraction import extract
from hwlib.schematic import ideal_network
from sim.engines import Options
from sim.engines.layout.ladders import coupled_search
from sim.engines.layout.layout_stepper import plan_for
from sim.engines.layout.partition import plan as planning
from sim.engines.vector_code import LANES
from sim.protocol import protocol_for
from tests.support.layout_trials import simulate_trial, trial_run
from tests.support.random_trials import wired


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Extracted networks by number of neurons and stored patterns, each with a trial; pillars differ."""
    known = {}

    def make(neurons, patterns=1, somas="diagonal"):
        if (neurons, patterns, somas) not in known:
            rng = np.random.default_rng(neurons)
            bits = ["".join(str(b) for b in rng.integers(0, 2, neurons)) for _ in range(patterns)]
            chosen = {
                "neurons": neurons,
                "weight_style": "rails",
                "weights": {"patterns": bits},
                "soma_placement": somas,
            }
            design = Design.model_validate({"name": "drawn", "network": chosen, "task": {"time_limit": 60e-9}})
            process = design.load_process()
            file = tmp_path_factory.mktemp("drawn") / "drawn.oas"
            network = extract(layouts.write_layout(layouts.hopfield(design, process), file), process, design)
            network = network.with_devices(r_p=network.r_p * rng.normal(1, 0.05, network.devices))
            protocol = protocol_for(design, process, start=rng.integers(0, 2, neurons))
            known[neurons, patterns, somas] = network, protocol
        return known[neurons, patterns, somas]

    return make


CASES = pytest.mark.parametrize(("neurons", "patterns", "somas"), [
    (3, 1, "diagonal"), (9, 1, "diagonal"), (9, 2, "diagonal"), (9, 4, "diagonal"), (LANES + 5, 1, "diagonal"),
    (3, 1, "centred"), (9, 1, "centred"), (8, 2, "centred"), (9, 4, "centred"),
])  # fmt: skip


@CASES
def test_drawn_rows_are_swept_while_loading_and_converging(drawn, neurons, patterns, somas):
    if (neurons, somas) == (3, "centred"):
        pytest.skip("in a row as short as that a dendrite is no more than its soma's port")
    network, protocol = drawn(neurons, patterns, somas)
    for voltages in (protocol.load_voltages(network), protocol.net_voltages(network)):
        plan = plan_for(network, voltages, {})[1]
        assert plan.coupled.rails >= patterns
        elsewhere = len(plan.interface.wall)
        assert len(np.unique(plan.coupled.wall)) == len(plan.coupled.wall) == network.devices - elsewhere
        assert plan.coupled.rows >= neurons and len(plan.coupled.port) >= neurons / LANES


def strapped(network, neuron):
    """The network with a wire more, from one dendrite's first node to its last."""
    nodes = np.flatnonzero(network.node_net == network.net_names.index(f"dend_{neuron}"))
    ends = nodes[[np.argmin(network.node_x[nodes]), np.argmax(network.node_x[nodes])]]
    return replace(
        network, resistor_nodes=np.vstack([network.resistor_nodes, ends]),
        resistor_ohm=np.append(network.resistor_ohm, 5.0),
        **{name: np.append(getattr(network, name), getattr(network, name)[:1])
           for name in ("resistor_layer", "resistor_limit")},
    )  # fmt: skip


def test_a_row_of_another_shape_is_eliminated_alone(drawn):
    """A strap over one row in the middle: the others are still swept, and the currents at all nodes add up."""
    network, protocol = drawn(9, 1, "centred")
    network = strapped(network, 4)
    plan = plan_for(network, protocol.net_voltages(network), {})[1]
    assert plan.coupled.rows == 8 and plan.rows.first_block == plan.rows.first_group * 8 == 8
    assert set(network.post[plan.bundles.device[plan.coupled.wall]]) == set(range(9)) - {4}


@pytest.mark.parametrize("strap", [False, True])
@CASES
def test_the_sweep_is_the_general_elimination(drawn, neurons, patterns, somas, strap, monkeypatch):
    network, protocol = drawn(neurons, patterns, somas)
    if strap:
        network = strapped(network, neurons - 1)
    swept = simulate_trial(network, protocol, Options(tolerance=1e-9))
    monkeypatch.setattr(planning, "find_coupled", lambda ladder, *_: (None, np.zeros(0, bool)))
    assert plan_for(network, protocol.net_voltages(network), {})[1].coupled.rails == 0
    general = simulate_trial(network, protocol, Options(tolerance=1e-9))
    np.testing.assert_allclose(swept.wall_final, general.wall_final, rtol=0, atol=1e-9 * network.length.max())
    heat = general.energy_sink.sum()
    for name in ("energy_source", "energy_sink"):
        np.testing.assert_allclose(getattr(swept, name), getattr(general, name), rtol=0, atol=1e-11 * heat)
    assert swept.kcl_residual < 1e-12


def nearly_alike(network, share):
    """The network with other wires in every second row: each wire of its dendrite by itself, to a share."""
    rng, factor = np.random.default_rng(5), np.ones(len(network.resistor_ohm))
    names = np.array(network.net_names)[network.node_net[network.resistor_nodes[:, 0]]]
    for neuron in range(0, network.neurons, 2):
        mine = names == f"dend_{neuron}"
        factor[mine] = 1 + share * rng.uniform(-1, 1, mine.sum())
    return network.with_wires(network.resistor_ohm * factor)


@pytest.mark.parametrize("share", [1e-3, 0.5])
def test_junctions_that_are_nearly_alike_are_told_apart(drawn, share, monkeypatch):
    """Alike ones are described once; rows that differ in nothing but the resistance of a wire are not alike."""
    network, protocol = drawn(9, 4, "centred")
    network = nearly_alike(network, share)
    found, describe = [], coupled_search.straightened
    monkeypatch.setattr(coupled_search, "straightened", lambda *given: found.append(describe(*given)) or found[-1])
    swept = simulate_trial(network, protocol, Options(tolerance=1e-9))
    junctions = found[0][1]
    assert len(junctions) > 6 and len({each.siemens.tobytes() for each in junctions}) > 3
    monkeypatch.setattr(planning, "find_coupled", lambda ladder, *_: (None, np.zeros(0, bool)))
    general = simulate_trial(network, protocol, Options(tolerance=1e-9))
    heat = general.energy_sink.sum()
    np.testing.assert_allclose(swept.wall_final, general.wall_final, rtol=0, atol=1e-9 * network.length.max())
    np.testing.assert_allclose(swept.energy_sink, general.energy_sink, rtol=0, atol=1e-11 * heat)


def test_rows_are_those_of_a_dense_elimination(drawn):
    """A row's conductances between its ports, and their derivative by finite differences, from its nodal matrix."""
    network, protocol = drawn(9)
    trial = trial_run(network, protocol)
    while trial.phase == 0:
        trial.go()
    run = trial.stepper
    coupled, rows, program, pillars = run.plan.coupled, run.plan.rows, run.plan.row_program, run.system.work.pillar
    n, size = program.n, 2 * coupled.rails + 2
    slots = len(program.diag)
    fixed = np.zeros((slots, slots))
    u, v = fixed_edges(run)
    for a, b, siemens in zip(u, v, run.plan.rows.values[n : n + len(program.rows)], strict=True):
        fixed[a, b] = fixed[b, a] = siemens  # off-diagonal entries are minus the wires
    np.fill_diagonal(fixed, -fixed.sum(axis=1))

    def dense(grown):
        """S of all ports when every pillar's own conductance is larger by a factor."""
        matrix = fixed.copy()
        for wall, a, b in zip(rows.wall, rows.a, rows.b, strict=True):
            g = 1 / (pillars[1, wall] / grown + run.constants.pillar[wall, 2])
            matrix[[a, b], [a, b]] += g
            matrix[[a, b], [b, a]] -= g
        return matrix[n:, n:] - matrix[n:, :n] @ np.linalg.solve(matrix[:n, :n], matrix[:n, n:])

    step = 1e-6
    expected, slope = dense(1.0), (dense(1 + step) - dense(1 - step)) / (2 * step)
    ports = [rows.port_ref[first:last] for first, last in pairwise(program.port_first)]
    seen = 0
    for row in range(coupled.rows):
        batch, lane = divmod(row, LANES)
        refs = coupled.port[batch, :, lane]
        (mine,) = [k for k, of in enumerate(ports) if {*refs[refs >= 0]} <= {*of}]  # rows may share some, not all
        place = [program.port_first[mine] + np.flatnonzero(ports[mine] == ref) for ref in refs]
        for pair, (i, j) in enumerate(zip(*np.tril_indices(size), strict=True)):
            if min(refs[i], refs[j]) < 0:
                continue
            at, state = np.ix_(place[i], place[j]), run.system.coupled_state
            assert state.s[batch, pair, lane] == pytest.approx(expected[at].sum(), rel=1e-9, abs=1e-13), (row, i, j)
            assert state.s2[batch, pair, lane] == pytest.approx(slope[at].sum(), rel=1e-6, abs=1e-9), (row, i, j)
            seen += 1
    assert seen >= 9 * 15


def fixed_edges(run):
    """Ends of every off-diagonal entry of the rows' matrix, in the order of its values."""
    program = run.plan.row_program
    return np.repeat(np.arange(program.n), np.diff(program.column)), program.rows


@pytest.mark.parametrize("shape", ["mesh", "point", "star"])
def test_rows_of_another_shape_are_eliminated(shape):
    """Rails in a mesh, without wires, or as stars are no coupled ladders; nothing else changes."""
    rng = np.random.default_rng(3)
    design = Design.model_validate({"name": "other", "network": {"neurons": 6, "weight_style": "rails"}})
    process = design.load_process()
    network = wired(ideal_network(design, process), rng, 1.0, dict.fromkeys(
        ("dendrite", "drive", "ground", "vdw", "rail", "line"), shape))  # fmt: skip
    protocol = protocol_for(design, process, start=rng.integers(0, 2, 6))
    assert plan_for(network, protocol.net_voltages(network), {})[1].coupled.rails == 0


def test_threads_do_not_change_a_bit_of_coupled_ladders(drawn):
    network, protocol = drawn(2 * LANES + 1)
    one, two = (simulate_trial(network, protocol, Options(), threads=k) for k in (1, 2))
    for name in FIELDS:
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
