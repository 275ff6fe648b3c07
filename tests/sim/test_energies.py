"""Energies that no circuit of resistors has, and those of circuits whose wires' share is rounded."""

import numpy as np
import pytest

from sim.energies import impossible_energies

TRIAL = np.array([[3e-12, 1e-12, -1e-12]]), np.array([[2e-12, 1e-12, -1e-28]])


def test_a_difference_that_is_rounded_below_zero_is_possible():
    assert impossible_energies(*TRIAL) == ""
    assert impossible_energies(np.zeros((2, 3)), np.zeros((2, 3))) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [([0, 0, -2e-14], "negative"), ([0, 0, 2e-14], "not the energy of its"), ([0, np.nan, 0], "not the energy of its")],
)
def test_what_no_circuit_has_is_named(change, said):
    delivered, heat = TRIAL
    assert said in impossible_energies(delivered, heat + change)
