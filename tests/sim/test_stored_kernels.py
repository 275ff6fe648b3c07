"""Machine code of functions that the same lines make, stored by one process each and loaded by another."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.engines.layout.ladders.coupled_ladders import coupled_kernel, coupled_powers_kernel

SWEEPS = """
import sys

from tests.sim.test_coupled_sweep import test_random_rows_are_those_of_dense_algebra as check

for rails in sys.argv[1:]:
    check(int(rails))
"""


def test_code_for_each_number_of_rails_is_its_own_wherever_it_was_compiled(tmp_path):
    """Each process numbers what it compiles anew: by that alone the code that two of them stored has one name."""
    there = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    for rails in (["1"], ["2"], ["1", "2", "1", "2"]):
        done = subprocess.run(
            [sys.executable, "-c", SWEEPS, *rails], env=there, cwd=Path(__file__).parents[2], capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("made", [coupled_kernel, coupled_powers_kernel])
def test_what_a_kernel_closes_over_is_in_its_name(made):
    one, two = (made(rails).py_func.__qualname__ for rails in (1, 2))
    assert one != two
