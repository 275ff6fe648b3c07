"""Memory that a command gives back it gets again without the system's help."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
from hwlib.workers.allocation import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
for _ in range(3):
    np.ones(2_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(2_000_000), np.ones(8_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_arrays_cost_no_page_faults():
    faults = {}
    for how in ("kept", "given back"):
        done = subprocess.run(
            [sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True,
            env={"NUMPY_MADVISE_HUGEPAGE": "0", "PATH": ""},
        )  # fmt: skip
        faults[how] = int(done.stdout)
    assert faults["kept"] < faults["given back"] / 4, faults
