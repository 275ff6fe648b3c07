"""Wall motion and pillar conductance against closed forms and the paper's numbers."""

import numpy as np
import pytest

import sim
from hwlib.schematic import ideal_network
from sim.dynamics import Kinematic
from sim.protocol import Protocol
from sim.tasks.setup import paper_design
from sim.traces import walls_at
from sim.walls import Pillars


def without_leak(neurons):
    design = paper_design(neurons)
    network = ideal_network(design, design.load_process(), style="lines")
    return network.with_devices(leak=np.where(network.is_soma, 0.0, network.leak))


def test_mobility_is_the_papers():
    network = without_leak(2)
    assert network.mobility[0] == pytest.approx(1.0636e6, rel=5e-5)
    # Table I device at 50 µA: 53.2 m/s
    assert Kinematic(network.with_devices(leak=0.0)).velocity(np.full(4, 50e-6))[0] == pytest.approx(53.2, rel=1e-3)


def test_leak_adds_to_velocity():
    dynamics = Kinematic(without_leak(2).with_devices(mobility=1e6, leak=-5.0))
    assert dynamics.velocity(np.array([10e-6]))[0] == pytest.approx(5.0)


def test_published_crossing_time_comes_from_rounded_constants():
    """4.7005 ns for 50 nm at 10 µA holds with µ_B = 9.274e-24 J/T, e = 1.602e-19 C; CODATA's values give 4.7010 ns."""
    rounded = 2.1 * 9.274e-24 * 0.7 / (2 * 1.602e-19 * 8e5 * 50e-18)
    assert 50e-9 / (rounded * 10e-6) == pytest.approx(4.7005e-9, rel=1e-5)
    assert without_leak(2).mobility[0] == pytest.approx(rounded, rel=1.2e-4)


@pytest.mark.parametrize("engine", ["reference", "ideal"])
def test_wall_crosses_50_nm_at_10_uA_in_the_closed_forms_time(engine):
    network = without_leak(2)
    time = 50e-9 / (10e-6 * 2.1 * 9.2740100783e-24 * 0.7 / (2 * 1.602176634e-19 * 8e5 * 50e-18))
    protocol = Protocol(
        v_dw=0.1, v_charge=10e-6 * network.r_m[0], weight=0.1, levels=np.zeros((2, 2)), start=np.array([1, 1]),
        load=time, time_limit=1e-9,
    )  # fmt: skip
    result = sim.run(network, protocol, engine=engine)
    loading = result.phase.values == 0
    assert result.time.values[loading][-1] == time
    assert time == pytest.approx(4.7005e-9, rel=1.2e-4)
    np.testing.assert_allclose(walls_at(result, time, network.somas), 50e-9, rtol=1e-9)
    np.testing.assert_allclose(result.soma_current.values[loading], 10e-6, rtol=1e-12)


@pytest.mark.parametrize(
    ("q", "expected"), [(0.0, 1 / 2000), (40e-9, 1 / 2000), (45e-9, 0.25 / 500 + 0.75 / 2000), (60e-9, 1 / 500)]
)
def test_pillar_conductance_is_area_weighted(q, expected):
    size = {"pillar_width": 20e-9, "pillar_centre": 50e-9, "r_p": 500.0, "r_ap": 2000.0}
    network = without_leak(2).with_devices(**{name: np.full(4, value) for name, value in size.items()})
    np.testing.assert_allclose(Pillars.of(network).conductance(np.full(4, q)), expected, rtol=1e-12)


def pillar_conductance(q, width, centre, r_p, r_ap):
    """Of one device, S: its parallel and antiparallel parts by area."""
    fraction = min(max((q - (centre - width / 2)) / width, 0.0), 1.0)
    return fraction / r_p + (1 - fraction) / r_ap


def test_conductance_is_that_of_one_device_anywhere_on_the_track():
    rng = np.random.default_rng(3)
    network = without_leak(2).with_devices(
        pillar_width=rng.uniform(5e-9, 30e-9, 4), pillar_centre=rng.uniform(20e-9, 80e-9, 4),
        r_p=rng.uniform(300, 700, 4), r_ap=rng.uniform(1000, 3000, 4),
    )  # fmt: skip
    pillars = Pillars.of(network)
    for q in rng.uniform(0, 100e-9, (50, 4)):
        expected = [
            pillar_conductance(q[k], network.pillar_width[k], network.pillar_centre[k], network.r_p[k],
                               network.r_ap[k]) for k in range(4)
        ]  # fmt: skip
        np.testing.assert_allclose(pillars.conductance(q), expected, rtol=1e-13)
        np.testing.assert_allclose(pillars.smooth_conductance(q, pillars.segment(q)), expected, rtol=1e-13)
