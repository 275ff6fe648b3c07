"""A law of wall motion from outside the package: registered, named by a design, carried by files, run, or refused."""

import numpy as np
import pytest

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.network_file import read_network, write_network
from hwlib.schematic import ideal_network
from sim.dynamics import DYNAMICS, Parameter, StateVariable, WallDynamics, dynamics_of, register, resolved
from sim.engines import ENGINES, choose
from sim.protocol import Protocol
from sim.spice import write_deck
from sim.thermal.thermal_noise import ThermalNoise
from sim.traces import walls_at
from tests.support.undriven import quiet, undriven


class Viscous(WallDynamics):
    """A wall with inertia: ``τ dv/dt = k·I + v_leak − v``."""

    name = "viscous"
    meaning = "a wall with inertia"
    parameters = (Parameter("delay", "s", 1e-13, 1e-6, 1e-10, "τ", "this test"),)
    states = (StateVariable("speed", "m s-1", "velocity of the wall"),)

    def velocity(self, current, state):
        return state[0]

    def state_rates(self, current, state, held):
        goal = self.network.mobility * current + self.network.leak
        return ((goal - state[0]) / self.values["delay"])[None]

    def scale(self):
        return np.full((1, 1), 10.0)

    def at_rest(self, current, state, held, rest_speed):
        goal = self.network.mobility * current + self.network.leak
        arrived = np.abs(state[0] - goal) < rest_speed
        return np.where(held, np.sign(goal) == np.sign(state[0]), arrived & (np.abs(goal) < rest_speed))

    def steady_velocity(self, current):
        return self.network.mobility * current + self.network.leak


class Noisy(Viscous):
    """The same, with thermal motion of its speed alone."""

    name = "noisy"

    def diffusion(self, agitation):
        return np.stack([np.zeros(self.network.devices), agitation / np.sqrt(self.values["delay"])])


@pytest.fixture
def viscous():
    register(Viscous)
    register(Noisy)
    yield
    del DYNAMICS["viscous"], DYNAMICS["noisy"]


def design(neurons, **dynamics):
    return Design.model_validate({"name": "toy", "network": {"neurons": neurons}, "device": {"dynamics": dynamics}})


def test_walls_follow_the_closed_form(viscous):
    each = design(2, model="viscous", parameters={"delay": "2 ns"})
    network = ideal_network(each, each.load_process(), style="lines").with_devices(leak=-1.0)
    assert network.dynamics.model == "viscous"
    time, tau, current = 6e-9, 2e-9, 10e-6
    protocol = Protocol(
        v_dw=0.1, v_charge=current * network.r_m[0], weight=0.1, levels=np.zeros((2, 2)), start=np.ones(2, int),
        load=time, time_limit=1e-12,
    )  # fmt: skip
    result = sim.run(network, protocol)
    assert (result.engine, result.dynamics) == ("reference", "viscous")
    drift = network.mobility[0] * current - 1.0
    moments = np.linspace(1e-9, time, 5)
    way = drift * (moments - tau * (1 - np.exp(-moments / tau)))
    found = np.array([walls_at(result, t, network.somas)[0] for t in moments])
    np.testing.assert_allclose(found[-1], way[-1], rtol=1e-7)
    np.testing.assert_allclose(found, way, atol=1e-3 * network.length[0])  # what a trace keeps
    loading = result.phase.values == 0
    np.testing.assert_allclose(
        result.speed.values[loading, network.somas[0]], drift * (1 - np.exp(-result.time.values[loading] / tau)),
        rtol=1e-7, atol=1e-7,
    )  # fmt: skip
    assert result.speed.attrs["units"] == result.speed_final.attrs["units"] == "m s-1"


def test_a_short_delay_recalls_as_the_kinematic_law_does(viscous):
    quick, plain = design(4, model="viscous", parameters={"delay": "0.1 ns"}), design(4)
    process = plain.load_process()
    networks = [ideal_network(each, process) for each in (quick, plain)]
    starts = sim.starts(plain, 2)
    results = [
        sim.run_batch(
            network, [sim.protocol_on(network, plain, process, start=s) for s in starts], engine="reference",
            tolerance=1e-6,
        ) for network in networks
    ]  # fmt: skip
    np.testing.assert_array_equal(results[0].state, results[1].state)
    assert results[0].at_rest.all()
    np.testing.assert_allclose(results[0].time_to_solution, results[1].time_to_solution, rtol=0.01)
    assert results[0].speed_final.dims == ("trial", "device")


def test_the_network_file_carries_law_and_parameters(viscous, tmp_path):
    network = ideal_network(design(3), design(3).load_process()).with_dynamics(
        "viscous", delay=np.linspace(1, 2, 9) * 1e-9
    )
    found = read_network(write_network(network, tmp_path / "net.nc"))
    assert found.dynamics.model == "viscous"
    np.testing.assert_array_equal(found.dynamics.values["delay"], network.dynamics.values["delay"])
    np.testing.assert_array_equal(dynamics_of(found).values["delay"], np.linspace(1, 2, 9) * 1e-9)
    plain = read_network(write_network(ideal_network(design(3), design(3).load_process()), tmp_path / "plain.nc"))
    assert plain.dynamics.model == "kinematic" and not plain.dynamics.values


def test_no_engine_runs_another_law_than_the_network_s(viscous):
    network = ideal_network(design(3), design(3).load_process()).with_dynamics("viscous")
    for engine in ("ideal", "layout"):
        with pytest.raises(InputError, match=f"engine {engine}: does not support viscous walls .*reference: every law"):
            choose(engine, network, [])
    assert choose("auto", network, [])[0] == choose("reference", network, [])[0] == "reference"
    hot = [Protocol(v_dw=0.1, v_charge=0.1, weight=0.1, noise=ThermalNoise(300.0))]
    for engine in ("auto", *ENGINES):
        with pytest.raises(InputError, match=f"engine {engine}: does not support viscous walls at a temp") as error:
            choose(engine, network, hot)
        assert all(name in str(error.value) for name in ENGINES) and len(str(error.value)) <= 200
    assert choose("auto", network.with_dynamics("noisy"), hot)[0] == "ideal"
    with pytest.raises(InputError, match="'ballistic' is not known, allowed: kinematic"):
        choose("auto", network.with_dynamics("ballistic"), [])


def test_a_law_that_says_its_diffusion_moves_walls_at_a_temperature(viscous):
    """An Ornstein–Uhlenbeck speed: ⟨v²⟩ = D_v τ once it has forgotten its beginning; 2025 walls, 3 % standard error."""
    network = undriven(45, length=1e-3).with_dynamics("noisy", delay=1e-9)
    result = sim.run(network, quiet(network, 1e-8), record=False)
    assert result.attrs["dynamics"] == "noisy"
    width = quiet(network, 1e-8).noise.agitation(network)[0]
    assert result.speed_final.values.var() == pytest.approx(width**2 / 2, rel=0.12)


def test_no_deck_is_written_with_another_law(viscous, tmp_path):
    network = ideal_network(design(3), design(3).load_process()).with_dynamics("viscous")
    protocol = sim.protocol_on(network, design(3), design(3).load_process())
    with pytest.raises(InputError, match="walls in SPICE decks are kinematic, the network's are viscous"):
        write_deck(network, protocol, tmp_path / "bench.cir")
    assert list(tmp_path.iterdir()) == []


def test_parameters_are_checked_by_name_unit_and_range(viscous):
    full = resolved(design(3, model="viscous"))
    assert full.device.dynamics.parameters == {"delay": "0.1 ns"}
    assert resolved(full) == full
    wrong = {
        "delay: '1 nm' is not a quantity in s": {"delay": "1 nm"}, "delay: 3.0 is not a quantity in s": {"delay": 3.0},
        "delay: '1 s' is outside": {"delay": "1 s"},
        "weight: unknown, allowed: delay": {"weight": 1.0},
    }  # fmt: skip
    for message, parameters in wrong.items():
        with pytest.raises(ValueError, match=f"device.dynamics.parameters.{message}"):
            resolved(design(3, model="viscous", parameters=parameters))
    with pytest.raises(ValueError, match=r"device\.dynamics\.model: 'slow' is not known, allowed: kine.* viscous"):
        design(3, model="slow")
    network = ideal_network(design(3), design(3).load_process())
    for values, message in (({"delay": 1.0}, "delay is 1e.06 us, allowed"), ({"mass": 1.0}, "no parameter 'mass'")):
        with pytest.raises(InputError, match=message):
            dynamics_of(network.with_dynamics("viscous", **values))
    with pytest.raises(ValueError, match="there is a law viscous already"):
        register(Viscous)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": None}, "a law's name is a text, found None"),
        ({"meaning": None}, "law odd: it needs a meaning, a text"),
        ({"velocity": WallDynamics.velocity}, r"law odd: it needs a method velocity\(current, state\)"),
        ({"steady_velocity": WallDynamics.steady_velocity}, "law odd: with state variables it needs a method steady_"),
        ({"parameters": ("delay",)}, "law odd: parameters are objects of Parameter"),
    ],
)
def test_a_class_that_is_no_law_is_not_registered(changes, message):
    with pytest.raises(ValueError, match=message):
        register(type("Odd", (Viscous,), {"name": "odd", **changes}))
    assert "odd" not in DYNAMICS


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"velocity": lambda *_: np.zeros(3)}, r"velocity gives shape \(3,\), allowed: \(9,\)"),
        ({"velocity": lambda law, current, state: state[0] * np.nan}, "velocity gives numbers that are not finite"),
        ({"state_rates": lambda *_: np.zeros(9)}, r"state_rates gives shape \(9,\), allowed: \(1, 9\)"),
        ({"scale": lambda _: 1.0}, r"scale gives shape \(\), allowed: \(1, 1\)"),
        ({"at_rest": lambda *_: True}, r"at_rest gives shape \(\), allowed: \(9,\)"),
        ({"first_state": lambda _: None}, r"first_state gives shape \(\), allowed: \(1, 9\)"),
        ({"steady_velocity": lambda *_: np.full(9, 1j)}, "steady_velocity gives complex128, allowed: real numbers"),
    ],
)
def test_what_a_law_gives_is_looked_at_before_walls_move(changes, message):
    register(type("Odd", (Viscous,), {"name": "odd", **changes}))
    try:
        network = ideal_network(design(3), design(3).load_process()).with_dynamics("odd")
        with pytest.raises(InputError, match=f"^dynamics odd: {message}"):
            dynamics_of(network)
    finally:
        del DYNAMICS["odd"]
