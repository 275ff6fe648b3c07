"""ngspice on written decks against the reference engine: every wall over time, outcome, times, energies."""

import dataclasses
import os
import shutil
import tempfile

import numpy as np
import pytest
import xarray as xr

import sim
from hwlib.errors import InputError
from hwlib.network import Network
from hwlib.weights import weight_levels
from sim import spice
from sim.protocol import protocol_for
from sim.traces import walls_at
from tests.support.random_trials import paper_trial
from tests.support.small_disk import NO_MOUNT, MountError, small_disk

FULL = bool(os.environ.get("SPINHOP_FULL"))

pytestmark = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")


def both(network, protocol):
    """The reference engine's result and ngspice's, and the largest difference of a wall in L."""
    reference = sim.run(network, protocol, engine="reference", tolerance=1e-8)
    load = float(reference.time_load) or None
    seen = spice.simulate(network, protocol, load_time=load, duration=float(reference.time_convergence) + 3e-9)
    return reference, seen, difference(network, seen, reference)


def difference(network: Network, seen: xr.Dataset, known: xr.Dataset) -> float:
    """Largest difference of a wall in L, at every time point of ngspice and some more."""
    end = float(known.time_to_solution)
    times = np.concatenate([np.linspace(0, end, 500), seen.time.values])
    return float((abs(walls_at(seen, times) - walls_at(known, times)) / network.length).max())


def assert_agree(network, protocol):
    reference, seen, apart = both(network, protocol)
    assert apart <= 0.01
    np.testing.assert_array_equal(seen.state, reference.state)
    assert bool(seen.at_rest) == bool(reference.at_rest) is True
    assert float(seen.time_load) == pytest.approx(float(reference.time_load), rel=1e-12)
    # 0.01 L at the slowest drive that decides, a twentieth of V_C's 53 m/s: 0.4 ns
    assert float(seen.time_to_solution) == pytest.approx(float(reference.time_to_solution), abs=0.4e-9)
    np.testing.assert_allclose(seen.wall_final, reference.wall_final, atol=0.01 * network.length.max())
    np.testing.assert_allclose(seen.energy_source.sum(), reference.energy_source.sum(), rtol=0.01)
    np.testing.assert_allclose(seen.energy_sink.sum(), seen.energy_source.sum(), rtol=1e-4)
    assert float(seen.kcl_residual) < 1e-6


@pytest.mark.parametrize("ohm", [0.0, 2.0])
@pytest.mark.parametrize(("neurons", "seed"), [(4, 1), (8, 2), *[(8, 5)] * FULL])
def test_ngspice_moves_every_wall_as_the_reference(neurons, ohm, seed):
    assert_agree(*paper_trial(neurons, ohm, seed))


@pytest.mark.skipif(not FULL, reason="minutes of ngspice; set SPINHOP_FULL=1")
@pytest.mark.parametrize("ohm", [0.0, 2.0])
def test_ngspice_moves_sixteen_neurons_as_the_reference(ohm):
    assert_agree(*paper_trial(16, ohm, 3))


def test_a_load_until_rest():
    network, protocol = paper_trial(4, 2.0, 3, load="rest")
    assert_agree(network, protocol)


def test_without_a_load_from_given_walls():
    network, protocol = paper_trial(4, 2.0, 3)
    walls = np.random.default_rng(1).random(network.devices)
    network = network.with_devices(r_p=network.r_p * np.linspace(0.9, 1.1, network.devices))
    assert_agree(network, dataclasses.replace(protocol, start=None, initial=walls))


def drawn(neurons, style, folder, process="copper", **wires):
    """A network drawn, extracted, and its trial: a random stored pattern and a random start."""
    import layouts
    from hwlib.design import Design
    from hwlib.extraction import extract

    design = Design.model_validate({
        "name": "drawn", "seed": 3, "process": process, "network": {"neurons": neurons, "weight_style": style, **wires},
        "operating_point": {"load": 16e-9},
    })  # fmt: skip
    preset = design.load_process()
    network = extract(layouts.write_layout(layouts.hopfield(design, preset), folder / "drawn.gds"), preset, design)
    assert len(network.resistor_ohm) >= 8 * neurons
    start = np.random.default_rng(neurons).integers(0, 2, neurons)
    return network, protocol_for(design, preset, start=start, levels=weight_levels(design))


@pytest.mark.parametrize(
    ("neurons", "process", "style"),
    [(4, "ebeam", "lines"), (4, "copper", "rails"), (8, "copper", "lines"),
     *[(4, "ebeam", "rails"), (4, "copper", "lines"), (8, "copper", "rails")] * FULL],
)  # fmt: skip
def test_ngspice_moves_drawn_networks_as_the_reference(neurons, process, style, tmp_path):
    assert_agree(*drawn(neurons, style, tmp_path, process))


def test_ngspice_moves_a_strapped_network_as_the_reference(tmp_path):
    """Straps on every kind of wire make loops; dendrites are tapered, rails are by block, vias several."""
    columns, rows = {"metal": "m4", "pitch": 2}, {"metal": "m5"}
    straps = {"drive": columns, "ground": columns, "dendrite": rows, "weight": rows, "vdw": rows}
    taper = {"dendrite": {"narrow": 64e-9, "steps": 2}}
    wires = {"straps": straps, "rail_blocks": 2, "dendrite_width": 128e-9, "tapers": taper}
    assert_agree(*drawn(3, "rails", tmp_path, **wires, tile_vias={"size": "currents"}))


@pytest.mark.parametrize("style", ["rails", "lines"])
def test_ngspice_grounds_weights_while_loading_as_the_reference(style, tmp_path):
    network, protocol = drawn(4, style, tmp_path)
    grounded = dataclasses.replace(protocol, rails_while_loading="grounded")
    assert_agree(network, grounded)
    loads = [float(sim.run(network, each).energy_source.sel(source="load")) for each in (protocol, grounded)]
    assert abs(loads[1] / loads[0] - 1) > 0.02  # or it would show nothing


@pytest.mark.slow
def test_ngspice_moves_drawn_neurons_as_the_reference_for_some_time(tmp_path):
    """4 ns of load and convergence, in which all walls move; the whole trial takes ngspice minutes."""
    network, protocol = drawn(16 if FULL else 8, "lines", tmp_path)
    walls = np.random.default_rng(2).random(network.devices)
    protocol = dataclasses.replace(protocol, initial=walls, load=2e-9, time_limit=2e-9)
    reference = sim.run(network, protocol, engine="reference", tolerance=1e-8)
    seen = spice.simulate(network, protocol, duration=2e-9)
    for times in ([0, 2e-9], [2e-9, 4e-9]):
        assert np.ptp(walls_at(reference, times), axis=0).max() > 0.1 * network.length.max()
    assert difference(network, seen, reference) <= 0.01


@pytest.mark.skipif(not FULL, reason="ten minutes of ngspice; set SPINHOP_FULL=1")
@pytest.mark.parametrize("style", ["rails", "lines"])
def test_ngspice_moves_sixteen_drawn_neurons_as_the_reference_until_rest(style, tmp_path):
    assert_agree(*drawn(16, style, tmp_path))


def test_measures_are_the_times_of_the_result(tmp_path):
    network, protocol = paper_trial(4, 2.0, 1)
    deck = spice.write_deck(network, protocol, tmp_path / "bench.cir", duration=45e-9)
    measured = spice.run_deck(deck.bench).measures
    reference = sim.run(network, protocol, engine="reference")
    assert measured["t_rest"] == pytest.approx(float(reference.time_to_solution), abs=0.2e-9)
    time = np.linspace(0, float(reference.time_to_solution), 10_000)
    share = walls_at(reference, time, network.somas) / network.length[network.somas]
    for neuron, state in enumerate(reference.state.values):
        if state:
            k = np.flatnonzero(share[:, neuron] < 0.95)[-1]
            assert measured[f"t_on_{neuron}"] == pytest.approx(time[k], abs=0.1e-9)


def test_a_trial_that_does_not_rest_says_so():
    network, protocol = paper_trial(4, 0.0, 1)
    seen = spice.simulate(network, protocol, duration=5e-9)
    assert not seen.at_rest
    assert float(seen.time_convergence) == pytest.approx(5e-9, rel=1e-6)


def test_the_network_can_be_included_elsewhere(tmp_path):
    """The static circuit of one soma's drive: V_DW through its pillar into N − 1 tracks."""
    network, protocol = paper_trial(4, 0.0, 1)
    deck = spice.write_deck(network, protocol, tmp_path / "bench.cir", duration=1e-9)
    text = deck.network.read_text()
    head = text[text.index(".subckt spinhop_network") :]
    lines = head.splitlines()
    ports = lines[0].split()[2:]
    for line in lines[1:]:
        if not line.startswith("+"):
            break
        ports += line[1:].split()
    own = tmp_path / "own.cir"
    own.write_text(
        f"* own bench\n.include {deck.network.name}\nVdw vdw 0 0.3\nVg ground 0 0\nRm moving 0 1\n"
        f".ic {' '.join(f'v(xn.wall_{i}_{j})=0' for i in range(4) for j in range(4))}\n"
        f"Xn {' '.join(ports)} spinhop_network\n.tran 1p 10p\n.end\n"
    )
    result = spice.run_deck(own)
    expected = 0.3 * (2000 / 3) / (2000 + 2000 / 3)
    assert result.vectors["v(drive_2)"][0] == pytest.approx(expected, rel=1e-5)


def test_more_pins_than_a_subcircuit_can_have(monkeypatch):
    """Weight lines of 32 neurons are too many for ngspice: the network is then written on the top level."""
    network, protocol = paper_trial(4, 2.0, 1)
    as_subcircuit = spice.simulate(network, protocol, duration=20e-9)
    monkeypatch.setattr(type(spice.dialect_of("ngspice")), "most_ports", 10)
    flat = spice.simulate(network, protocol, duration=20e-9)
    time = np.linspace(0, 36e-9, 100)
    np.testing.assert_allclose(walls_at(as_subcircuit, time), walls_at(flat, time), atol=1e-3 * network.length[0])


@pytest.mark.skipif(not FULL, reason="half a minute of ngspice; set SPINHOP_FULL=1")
def test_a_deck_of_more_pins_than_a_subcircuit_can_have_runs():
    network, protocol = paper_trial(33, 0.0, 1)
    assert len(network.pin_node) > 1005
    protocol = dataclasses.replace(protocol, time_limit=4e-9)
    seen = spice.simulate(network, protocol)
    known = sim.run(network, protocol, engine="ideal", record=False)
    share = known.wall_final.values / network.length
    assert np.any((share > 0.2) & (share < 0.8))  # the comparison is in full motion
    np.testing.assert_allclose(seen.wall_final, known.wall_final, atol=0.01 * network.length[0])


def test_no_room_for_what_ngspice_computes(tmp_path, monkeypatch):
    network, protocol = paper_trial(4, 2.0, 1)
    deck = spice.write_deck(network, protocol, tmp_path / "bench.cir", duration=45e-9)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "disk"))
    refused = 0
    for size in (4096, 8192, 16384, 65536, 2**17, 2**18, 2**24):
        try:
            with small_disk(tmp_path / "disk", size):
                spice.run_deck(deck.bench)
        except MountError:
            pytest.skip(NO_MOUNT)
        except InputError as error:
            assert "No space left" in str(error) or "no room for what ngspice computes" in str(error), error
            refused += 1
    assert 4 <= refused < 7
