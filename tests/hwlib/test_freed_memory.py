"""Memory that was let go of goes back to the system, of networks of many devices alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# A heap of 128 MB of which the last part alone stays in use: the C library keeps what is before it.
CODE = """
import numpy as np
from hwlib.freed_memory import give_back
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 // 2**20
parts = [np.ones(8000) for _ in range(2000)]
full = resident()
del parts[:-1]
freed = resident()
give_back(100)
few = resident()
give_back(1_000_000)
print(full - freed, full - few, full - resident())
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc: memory is not told")
def test_free_memory_is_given_back():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    freed, few, many = map(int, done.stdout.split())
    assert freed < 20 and few < 20 and many > 80
