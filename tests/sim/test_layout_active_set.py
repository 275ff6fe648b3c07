"""Columns that passes need not look at: inactive, or deferred on bounds alone."""

import numpy as np
import pytest
from test_layout_single_ladders import FIELDS, case

import sim
from sim.engines import Options
from sim.engines.layout.stepping.active_set import DEFERRED, INACTIVE, places
from sim.traces import walls_at
from tests.support.layout_trials import simulate_trial, trial_run


def test_columns_held_at_an_end_are_inactive_until_they_move():
    """Near the end of a recall most columns are inactive, and all walls come to rest all the same."""
    network, protocol = case(20, 0.5)
    run = trial_run(network, protocol)
    inactive = 0.0
    while not run.go(5):
        if run.phase == 1:
            inactive = max(inactive, float(np.mean(run.stepper.motion.state == INACTIVE)))
    assert inactive > 0.5
    assert run.at_rest[1]


def deferred_run(steps, tolerance=1e-9):
    """A run stopped where some columns have been deferred for a while; walls with their columns."""
    network, protocol = case(20, 0.5)
    run = trial_run(network, protocol, tolerance)
    run.go(), run.go(steps)  # loaded, and released
    while run.stepper.motion.deferral[run.stepper.motion.state == DEFERRED, 0].max(initial=0.0) == 0:
        assert not run.go(1), "no column is deferred"
    return network, protocol, run


def test_deferred_walls_are_where_their_own_speed_brought_them():
    """Step after step, each deferred wall moves by its mean track current: trapezia of it agree in short steps."""
    run = deferred_run(50, 1e-12)[2]
    before, speed = places(*run.stepper.held), wall_speed(run)
    time = run.stepper.motion.clock[0]
    moved = 0
    for _ in range(120):
        deferred = run.stepper.motion.state == DEFERRED
        assert not run.go(1)
        now, new = places(*run.stepper.held), wall_speed(run)
        for column in np.flatnonzero(deferred & (run.stepper.motion.state == DEFERRED)):
            walls = slice(*run.stepper.plan.bundles.first[column : column + 2])
            way = (speed[walls] + new[walls]) / 2 * (run.stepper.motion.clock[0] - time)
            expected = np.clip(before[walls] + way, run.stepper.constants.low[walls], run.stepper.constants.high[walls])
            np.testing.assert_allclose(now[walls], expected, rtol=0, atol=2e-6)
            moved += int(np.sum(np.abs(now[walls] - before[walls]) > 1e-4))
        before, speed, time = now, new, run.stepper.motion.clock[0]
    assert moved > 100


def wall_speed(run):
    """Pillar widths per second of every wall for the present potentials, from the plan's transfers."""
    bundles, speed = run.stepper.plan.bundles, run.stepper.constants.leak.copy()
    for bundle in range(len(bundles.first) - 1):
        walls = slice(*bundles.first[bundle : bundle + 2])
        refs = bundles.ref[slice(*bundles.ref_first[bundle : bundle + 2])]
        siemens = bundles.siemens[slice(*bundles.siemens_first[bundle : bundle + 2])].reshape(
            walls.stop - walls.start, len(refs)
        )
        speed[walls] += run.stepper.constants.rate[walls] * (siemens @ run.stepper.system.work.ref[refs])
    return speed


@pytest.mark.parametrize("steps", [2, 90, 200])
def test_a_run_stopped_while_columns_are_deferred_goes_on_bit_for_bit(tmp_path, steps):
    network, protocol, begun = deferred_run(steps)
    whole = simulate_trial(network, protocol, Options(tolerance=1e-9))
    begun.save(tmp_path / "trial.npz")
    for threads in (1, 2):
        path = tmp_path / f"{threads}.npz"
        path.write_bytes((tmp_path / "trial.npz").read_bytes())
        resumed = simulate_trial(network, protocol, Options(tolerance=1e-9), checkpoint=path, threads=threads)
        for name in FIELDS:
            assert np.array_equal(getattr(whole, name), getattr(resumed, name)), name


def test_a_trace_shows_deferred_walls_where_the_reference_has_them():
    """The walls are looked at after every step, also deferred ones."""
    network, protocol = case(12, 0.5)
    seen, slow = (sim.run(network, protocol, engine=engine) for engine in ("layout", "reference"))
    np.testing.assert_array_equal(walls_at(seen, float(seen.time[-1])), seen.wall_final)
    times = np.linspace(0, float(slow.time[-1]), 1000)
    assert np.abs(walls_at(seen, times) - walls_at(slow, times)).max() < 1e-3 * network.length.max()
