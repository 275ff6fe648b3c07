"""Which walls a worse state turns, by hand; tests of the currents beside all states are test_rules_brute_force.py's."""

from types import SimpleNamespace

import numpy as np
import pytest

from sim.rules.climbed_states import walls_that_add

OHMS = SimpleNamespace(r_p=np.full(4, 2.0), r_ap=np.full(4, 10.0))  # from OFF to ON a wall adds 0.4 S
WALLS = np.array([False, False, True, True])


def state(current, *slope):
    return SimpleNamespace(wire_sensitivity=lambda wire: (current, np.array(slope)))


@pytest.mark.parametrize("sign", [1, -1])
def test_walls_turn_to_the_side_that_adds_to_the_size_of_the_current(sign):
    """Against the current's sign the first stays OFF; the third goes OFF; the last's slope is next to nothing."""
    found = walls_that_add(OHMS, state(sign * 1.0, -sign * 0.03, sign * 0.013, -sign * 1e-9, -sign * 1e-12), WALLS, 0)
    assert found.tolist() == [False, True, False, True]


@pytest.mark.parametrize(("slope", "turns"), [(0.0248, False), (0.0252, True)])
def test_less_than_half_a_percent_more_is_not_worth_a_solve(slope, turns):
    """0.4 S times 0.025 A/S is 0.5 % of 2 A."""
    found = walls_that_add(OHMS, state(2.0, -0.03, slope, 0.0, 0.0), WALLS, 0)
    assert (found is not None) == turns


def test_a_state_that_has_every_wall_where_it_adds_is_left():
    assert walls_that_add(OHMS, state(1.0, -0.03, -0.02, 0.02, 0.03), WALLS, 0) is None
