"""Collective coordinates (q, φ) against closed forms, an integrator of SciPy, and the kinematic law."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import sim
from hwlib.design import Design
from hwlib.schematic import ideal_network
from sim.protocol import Protocol
from sim.traces import walls_at

# Constants of this test's own: none of the package's.
GAMMA = 2.1 * 9.2740100783e-24 / 1.054571817e-34  # rad/(s·T)
K = 2.1 * 9.2740100783e-24 * 0.7 / (2 * 1.602176634e-19 * 8e5 * 50e-18)  # m/s per A
WIDTH, FIELD = 8e-9, 0.05  # Δ and µ₀H_K
WALKER = GAMMA * FIELD * WIDTH / 2  # V_K
LONG = 1e-5  # m: no end of the track is met
PILLAR = 0.9  # of L: far from the walls


def free_wall(u, leak, *, alpha, ratio, time, angle=0.0, tolerance=1e-9):
    """One wall in the middle of a long track, driven by a current that alone would move it by ``u`` m/s."""
    design = Design.model_validate({"name": "free", "network": {"neurons": 2}})
    network = ideal_network(design, design.load_process(), style="lines")
    network = network.with_devices(length=LONG, pillar_centre=PILLAR * LONG, leak=leak).with_dynamics(
        "collective", damping=alpha, nonadiabatic_ratio=ratio, wall_width=WIDTH, anisotropy_field=FIELD,
        first_angle=angle,
    )  # fmt: skip
    protocol = Protocol(
        v_dw=0.0, v_charge=u / K * network.r_m[0], weight=0.0, levels=np.zeros((2, 2)), start=np.ones(2, int),
        initial=np.full(4, 0.5), load=time, time_limit=1e-15,
    )  # fmt: skip
    result = sim.run(network, protocol, engine="reference", tolerance=tolerance, samples=4000)
    soma = network.somas[0]
    loading = result.phase.values == 0
    return SimpleNamespace(
        way=float(walls_at(result, time, [soma])[0]) - LONG / 2, time=result.time.values[loading],
        angle=result.angle.values[loading, soma], result=result, soma=soma,
    )  # fmt: skip


def scipy_wall(u, leak, *, alpha, ratio, time, angle=0.0):
    """The two equations of motion in their unsolved form, as a linear system for the rates."""
    matrix = np.array([[1.0, -alpha * WIDTH], [alpha / WIDTH, 1.0]])  # of q̇ and φ̇
    push = alpha * leak / WIDTH + alpha * ratio * u / WIDTH

    def rates(_, y):
        return np.linalg.solve(matrix, [WALKER * np.sin(2 * y[1]) + u, push])

    return solve_ivp(rates, (0, time), [0.0, angle], rtol=1e-10, atol=1e-13, method="DOP853", dense_output=True)


@pytest.mark.parametrize(
    ("u", "leak", "alpha", "ratio"),
    [
        (20.0, 0.0, 0.1, 1.5),
        (20.0, -5.0, 0.1, 1.0),
        (30.0, 0.2, 0.3, 2.0),
        (80.0, -5.0, 0.1, 0.0),
        (90.0, 5.0, 0.2, 2.5),
    ],
)
def test_the_wall_s_course_is_that_of_another_integrator(u, leak, alpha, ratio):
    time = 4e-9
    found = free_wall(u, leak, alpha=alpha, ratio=ratio, time=time)
    other = scipy_wall(u, leak, alpha=alpha, ratio=ratio, time=time)
    assert found.way == pytest.approx(other.y[0, -1], abs=1e-6 * 100e-9)
    np.testing.assert_allclose(found.angle, other.sol(found.time)[1], atol=1e-6)
    assert found.result.angle.attrs["units"] == found.result.angle_final.attrs["units"] == "rad"


def mean_velocity(u, leak, *, alpha, ratio):
    """Between two moments long after the begin; above breakdown over whole turns of the angle."""
    time = 40e-9
    course = scipy_wall(u, leak, alpha=alpha, ratio=ratio, time=time)
    found = free_wall(u, leak, alpha=alpha, ratio=ratio, time=time, tolerance=1e-8)
    assert found.way == pytest.approx(course.y[0, -1], abs=1e-4 * 100e-9)
    late = np.linspace(20e-9, time, 40_001)
    place, angle = course.sol(late)
    turns = int(abs(angle[-1] - angle[0]) / np.pi)
    if turns == 0:
        return (place[-1] - place[0]) / (late[-1] - late[0]), turns
    end = np.interp(turns * np.pi, np.abs(angle - angle[0]), late)
    return (np.interp(end, late, place) - place[0]) / (end - late[0]), turns


@pytest.mark.parametrize(
    ("ratio", "share"), [*[(0.0, x) for x in (-0.9, 0.97, 1.05, -2.5)], *[(2.0, x) for x in (0.5, 0.97, 1.05, 1.5)]]
)
def test_mobility_threshold_and_mean_velocity(share, ratio):
    """``x = v_leak + (β/α − 1)u`` in units of V_K: below 1 a steady velocity, above it Walker's mean."""
    alpha, leak = 0.3, -2.0
    u = (share * WALKER - leak) / (ratio - 1)
    x = leak + (ratio - 1) * u
    velocity, turns = mean_velocity(u, leak, alpha=alpha, ratio=ratio)
    expected = leak + ratio * u
    if abs(x) > WALKER:
        expected -= np.sign(x) * np.sqrt(x**2 - WALKER**2) / (1 + alpha**2)
    assert (turns > 0) == (abs(x) > WALKER)
    assert velocity == pytest.approx(expected, rel=4e-3, abs=1e-3)


def test_the_steady_velocity_that_the_rules_use_is_the_closed_form():
    from sim.dynamics import Collective

    design = Design.model_validate({"name": "free", "network": {"neurons": 2}})
    network = ideal_network(design, design.load_process()).with_devices(leak=-2.0).with_dynamics(
        "collective", damping=0.1, nonadiabatic_ratio=2.0, wall_width=WIDTH, anisotropy_field=FIELD
    )  # fmt: skip
    law = Collective(network)
    assert law.walker[0] == pytest.approx(WALKER, rel=1e-12)
    assert pytest.approx(2.32e5 * FIELD / (4e-7 * np.pi) * WIDTH / 2, rel=1e-3) == WALKER
    u = 20.0
    assert law.steady_velocity(np.full(4, u / K))[0] == pytest.approx(-2 + 2 * u)  # mobility β/α below breakdown
    u = 100.0
    x = u - 2
    assert law.steady_velocity(np.full(4, u / K))[0] == pytest.approx(2 * u - 2 - np.sqrt(x * x - WALKER**2) / 1.01)
    assert law.balance()[0] == pytest.approx(1.0 / K)
    assert law.steady_velocity(law.balance())[0] == pytest.approx(0, abs=1e-12)


def test_beta_equal_alpha_is_the_kinematic_law_for_a_free_wall_that_starts_at_its_own_angle():
    leak, time = -5.0, 3e-9
    angle = np.arcsin(leak / WALKER) / 2
    for u in (-40.0, 10.0, 120.0):  # however large: x is the leak alone
        found = free_wall(u, leak, alpha=0.02, ratio=1.0, time=time, angle=angle)
        assert found.way == pytest.approx((u + leak) * time, abs=1e-6 * 100e-9)
        np.testing.assert_allclose(found.angle, angle, atol=1e-7)


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_from_angle_zero_it_is_first_shifted(alpha):
    """(Δ/α)·½ asin(|v_leak|/V_K): 54 nm at α = 0.01, so that a track of 100 nm notices."""
    u, leak, time = 10.0, -5.0, 30e-9
    shift = WIDTH / alpha * np.arcsin(abs(leak) / WALKER) / 2
    found = free_wall(u, leak, alpha=alpha, ratio=1.0, time=time, tolerance=1e-10)
    assert found.way - (u + leak) * time == pytest.approx(shift, rel=1e-3)
    assert WIDTH / 0.01 * np.arcsin(5 / WALKER) / 2 == pytest.approx(54e-9, rel=0.01)


def test_what_the_force_does_is_what_damping_takes():
    """Without current H = −f q − ½ V_K cos 2φ falls by α(q̇²/Δ + Δφ̇²): all of it, and never rises."""
    alpha, leak = 0.05, 60.0  # beyond breakdown: the wall goes to and fro
    found = free_wall(0.0, leak, alpha=alpha, ratio=1.0, time=12e-9)
    course = scipy_wall(0.0, leak, alpha=alpha, ratio=1.0, time=12e-9)
    force = alpha * leak / WIDTH
    time = np.linspace(0, 12e-9, 60_001)
    place, angle = course.sol(time)
    fall = -force * found.way - WALKER / 2 * (np.cos(2 * found.angle[-1]) - 1)
    speed, turn = np.gradient(place, time), np.gradient(angle, time)
    lost = np.trapezoid(alpha * (speed**2 / WIDTH + WIDTH * turn**2), time)
    assert -fall == pytest.approx(lost, rel=1e-4)
    energy = -force * place - WALKER / 2 * np.cos(2 * angle)
    assert np.all(np.diff(energy) <= 1e-9 * abs(energy).max())
    assert np.any(np.diff(place) < 0)


def test_steps_converge_with_the_tolerance():
    exact = scipy_wall(90.0, -5.0, alpha=0.1, ratio=2.0, time=5e-9).y[0, -1]
    errors = [
        abs(free_wall(90.0, -5.0, alpha=0.1, ratio=2.0, time=5e-9, tolerance=t).way - exact) for t in (1e-4, 1e-6, 1e-8)
    ]
    assert errors[1] < errors[0] / 20 and errors[2] < errors[1] / 20
    assert errors[2] < 1e-5 * 100e-9


def test_a_held_wall_turns_and_is_let_go_when_its_current_turns():
    """A stop acts on q alone: αΔφ̇ = −(V_K sin 2φ + u); below V_K the angle settles at sin 2φ = −u/V_K."""
    design = Design.model_validate({"name": "held", "network": {"neurons": 2}})
    network = ideal_network(design, design.load_process(), style="lines").with_devices(leak=-0.5).with_dynamics(
        "collective", damping=0.2, nonadiabatic_ratio=1.0, wall_width=WIDTH, anisotropy_field=FIELD
    )  # fmt: skip
    u = -20.0
    protocol = Protocol(
        v_dw=0.0, v_charge=-u / K * network.r_m[0], weight=0.0, levels=np.zeros((2, 2)), start=np.array([0, 1]),
        load=3e-9, time_limit=1e-9,
    )  # fmt: skip
    result = sim.run(network, protocol, engine="reference")
    held, free = network.somas
    loaded = np.flatnonzero(result.phase.values == 0)[-1]
    assert np.sin(2 * result.angle.values[loaded, held]) == pytest.approx(-u / WALKER, rel=1e-6)
    assert float(walls_at(result, 3e-9, [held])[0]) == 0
    assert float(walls_at(result, 3e-9, [free])[0]) == pytest.approx(19.5 * 3e-9, abs=2e-9)


def test_a_recall_with_beta_equal_alpha_ends_in_the_kinematic_states():
    plain = Design.model_validate({"name": "recall", "network": {"neurons": 4}})
    parameters = {"damping": 0.5, "anisotropy_field": "0.15 T", "wall_width": "5 nm"}
    collective = Design.model_validate(
        {**plain.model_dump(), "device": {"dynamics": {"model": "collective", "parameters": parameters}}}
    )
    process = plain.load_process()
    times = []
    for start in sim.starts(plain, 1):
        results = []
        for design in (plain, collective):
            network = ideal_network(design, process)
            protocol = sim.protocol_on(network, plain, process, start=start)
            results.append(sim.run(network, protocol, engine="reference", record=False, tolerance=1e-5))
        np.testing.assert_array_equal(results[0].state, results[1].state)
        np.testing.assert_allclose(results[0].wall_final, results[1].wall_final, atol=1e-6 * 100e-9)
        assert results[0].at_rest and results[1].at_rest and not results[1].undetermined
        assert results[1].energy_balance < 1e-6
        times.append(float(results[1].time_to_solution) / float(results[0].time_to_solution))
    np.testing.assert_allclose(times, 1, atol=0.02)


def collective_design(ratio, **operating_point):
    parameters = {"damping": 0.5, "anisotropy_field": "0.15 T", "wall_width": "5 nm", "nonadiabatic_ratio": ratio}
    return Design.model_validate({
        "name": "rules", "network": {"neurons": 5}, "operating_point": operating_point,
        "device": {"dynamics": {"model": "collective", "parameters": parameters}},
    })  # fmt: skip


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_rules_ask_the_law_of_the_walls(ratio):
    """A leak is balanced by v_leak/(k·β/α): the V_DW window, and V_DW at its centre, go with it."""
    design = collective_design(ratio)
    process = design.load_process()
    report = sim.judge(ideal_network(design, process), design, process)
    leak = 5 / (K * ratio)
    low, high = leak * (4 * 500 + 2000), leak * (4 * 2000 + 2000)
    np.testing.assert_allclose(report.values["low"], low, rtol=1e-6)
    np.testing.assert_allclose(report.values["high"], high, rtol=1e-6)
    assert report.values["v_dw"] == pytest.approx((low + high) / 2, rel=1e-6)
    assert report.values["v_dw_origin"] == "centre of the ideal window"
    outcome = next(each for each in report.outcomes if each.rule == "leak.axon_time")
    on, off = ((low + high) / 2 / (4 * r + 2000) * K * ratio - 5 for r in (500, 2000))
    assert outcome.measured == pytest.approx(100e-9 / min(on, -off), rel=1e-6)
    assert "collective wall" in outcome.source


def test_without_non_adiabaticity_no_v_dw_serves_and_the_rules_say_so():
    design = collective_design(0.0)
    report = sim.judge(ideal_network(design, design.load_process()), design, design.load_process())
    assert {"vdw.window", "leak.axon_size"} <= {each.rule for each in report.outcomes if each.margin < 0}
    assert report.values["v_dw"] < 1 and "out of reach" in report.values["v_dw_origin"]


def test_an_axon_follows_its_soma_inside_the_window_alone():
    """The reference engine, at V_DW inside and outside of the window's lower end."""
    ratio = 2.0
    design = collective_design(ratio)
    network = ideal_network(design, design.load_process())
    low = 5 / (K * ratio) * (4 * 500 + 2000)
    ends = []
    for v_dw in (0.8 * low, 1.3 * low):
        protocol = Protocol(
            v_dw=v_dw, v_charge=0.1, weight=0.0, start=np.ones(5, int), load=60e-9,
            time_limit=1e-12,
        )  # fmt: skip
        result = sim.run(network, protocol, engine="reference", record=False, tolerance=1e-4)
        ends.append(result.wall_final.values[~network.is_soma] / 100e-9)
    assert np.all(ends[0] < 1e-6) and np.all(ends[1] > 0.5)
