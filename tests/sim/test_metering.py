"""Energies against closed forms, and the balance of what is delivered and what becomes heat."""

import numpy as np
import pytest

import sim
from hwlib.errors import UnbalancedError
from hwlib.schematic import ideal_network, ladder_network
from hwlib.weights import weight_levels
from sim.protocol import Protocol, protocol_for
from sim.tasks.setup import paper_design

ENGINES = pytest.mark.parametrize("engine", ["reference", "ideal"])


def lines(neurons):
    design = paper_design(neurons)
    return ideal_network(design, design.load_process(), style="lines")


@ENGINES
def test_nothing_moves_power_times_time(engine):
    """Loading zeros onto walls that are OFF: somas and (weak V_DW) axons stay; every power is constant."""
    n, time, v_dw, v_c = 3, 7e-9, 0.01, 0.1
    protocol = Protocol(
        v_dw=v_dw, v_charge=v_c, weight=0.1, levels=np.zeros((n, n)), start=np.zeros(n), load=time, time_limit=1e-12
    )
    result = sim.run(lines(n), protocol, engine=engine)
    feed = v_dw / (2000 + 2000 / (n - 1))
    tail = 1e-12 / time  # the convergence phase goes on for this fraction
    weight, vdw, load = result.energy_source.values
    assert load == pytest.approx(n * v_c**2 / 2000 * time, rel=1e-9)
    assert vdw == pytest.approx(n * v_dw * feed * time, rel=2 * tail)
    assert weight == 0
    pillar, track, wire = result.energy_sink.values
    assert pillar == pytest.approx(n * feed**2 * 2000 * time, rel=2 * tail)
    assert track == pytest.approx(n * (v_c**2 / 2000 + feed**2 * 2000 / (n - 1)) * time, rel=2 * tail)
    assert wire == 0


@ENGINES
def test_energy_while_a_wall_passes_its_pillar_is_the_integral(engine):
    """A loaded soma moves evenly, so its pillar's conductance grows evenly: V_DW's energy is a closed form."""
    network, v_dw, v_c = lines(2), 0.0005, 0.1
    k, leak = network.mobility[0], 0.2
    speed = k * v_c / 2000 + leak
    time = 55e-9 / speed  # the wall stops inside its pillar (40 to 60 nm)
    protocol = Protocol(
        v_dw=v_dw, v_charge=v_c, weight=0.0, levels=np.zeros((2, 2)), start=np.ones(2), load=time, time_limit=1e-15
    )
    result = sim.run(network, protocol, engine=engine)
    g0, g1, r = 1 / 2000, 1 / 2000 + 0.75 * (1 / 500 - 1 / 2000), 2000.0
    before = 40e-9 / speed * v_dw**2 * g0 / (1 + r * g0)
    slope = (g1 - g0) / (15e-9 / speed)
    under = v_dw**2 * ((15e-9 / speed) / r - np.log((1 + r * g1) / (1 + r * g0)) / (r**2 * slope))
    assert result.energy_source.values[1] == pytest.approx(2 * (before + under), rel=2e-6)


def drawn(ohm):
    design = paper_design(6)
    process = design.load_process()
    protocol = protocol_for(
        design, process, start=np.array([1, 0, 1, 1, 0, 1]), levels=weight_levels(design), load="rest"
    )
    return ladder_network(design, process, ohm), protocol


@pytest.mark.parametrize("ohm", [0.0, 1.0, 4.0])
def test_balance_closes(ohm):
    result = sim.run(*drawn(ohm), engine="reference")
    assert result.at_rest
    assert result.energy_balance < 1e-6
    assert result.kcl_residual < 1e-12
    assert (result.energy_sink.values[2] > 0) == (ohm > 0)
    assert np.all(result.energy_source.values > 0)


@ENGINES
def test_metered_energy_is_that_of_the_recorded_currents(engine):
    """Trapezoids over the trace of the soma tracks' heat, from currents that the meter does not use."""
    design = paper_design(5)
    process = design.load_process()
    network = ideal_network(design, process, style="rails")
    protocol = protocol_for(design, process, start=np.array([1, 0, 1, 1, 0]))
    result = sim.run(network, protocol, engine=engine)
    power = (result.track_current.values**2 * network.r_m).sum(1)
    assert np.trapezoid(power, result.time.values) == pytest.approx(result.energy_sink.values[1], rel=2e-3)


@pytest.mark.parametrize("style", ["rails", "lines"])
@pytest.mark.parametrize("engine", ["reference", "ideal", "layout"])
def test_load_energy_with_weights_at_0_v_is_that_of_every_pillar_to_ground(style, engine):
    """Walls held at their ends for 1 ns: each dendrite's V_C feeds its track and its pillars, all to 0 V."""
    design = paper_design(4)
    process = design.load_process()
    network = ideal_network(design, process, style=style)
    bits = np.array([1, 0, 1, 1])
    initial = bits[network.pre].astype(float)
    protocol = protocol_for(
        design, process, start=bits, initial=initial, load=1e-9, time_limit=1e-18, levels=weight_levels(design),
        rails_while_loading="grounded",
    )  # fmt: skip
    result = sim.run(network, protocol, engine=engine, record=False)
    axon = ~network.is_soma
    siemens = np.where(bits[network.pre] == 1, 1 / 500, 1 / 2000)[axon].sum() + 4 / 2000
    assert float(result.energy_source.sel(source="load")) == pytest.approx(0.1**2 * siemens * 1e-9, rel=1e-6)
    assert abs(float(result.energy_source.sel(source="weight"))) < 1e-6 * float(result.energy_source.sum())
    assert result.energy_balance < 1e-9


@ENGINES
def test_trace_shows_grounded_weights_at_0_v(engine):
    design = paper_design(4)
    process = design.load_process()
    network = ideal_network(design, process, style="rails")
    weights = [k for k, name in enumerate(network.net_names) if name.startswith("w_")]
    for mode in ("grounded", "floating"):
        protocol = protocol_for(design, process, start=np.array([1, 0, 1, 1]), rails_while_loading=mode)
        result = sim.run(network, protocol, engine=engine, voltages=True)
        volts = result.node_voltage.values[:, weights]
        assert (np.abs(volts[result.phase.values == 0]).max() < 1e-15) == (mode == "grounded")
        assert np.allclose(np.abs(volts[result.phase.values == 1]), 0.1)


@pytest.mark.parametrize("engine", ["reference", "layout"])
@pytest.mark.parametrize("tolerance", [1e-2, 1e-9])
def test_no_engine_is_refused_for_the_balance_of_its_energies(engine, tolerance):
    assert sim.run(*drawn(4.0), engine=engine, tolerance=tolerance, record=False).energy_balance < 1e-6


def test_a_trial_that_loses_energy_is_refused(monkeypatch):
    network, protocol = drawn(1.0)
    right = sim.simulate.run_trials

    def losing(*arguments):
        found = right(*arguments)
        found.energy_sink[1] *= 0.9
        return found

    monkeypatch.setattr(sim.simulate, "run_trials", losing)
    with pytest.raises(UnbalancedError, match=r"^trial 1: 10 % of its energy is missing"):
        sim.run_batch(network, [protocol, protocol], engine="layout", tolerance=1e-7)
