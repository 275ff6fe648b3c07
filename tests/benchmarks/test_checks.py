"""How the checks grow with N: hierarchy keeps them well below the number of devices squared."""

import os
import resource
import time

import pytest

import layouts
from hwlib.checks import drc, lvs
from hwlib.design import Design
from hwlib.process import load_process

pytestmark = pytest.mark.benchmark


def timed(neurons, folder):
    process = load_process("ebeam")
    design = Design(name=f"bench_{neurons}", network={"neurons": neurons}, seed=1)
    path = layouts.write_layout(layouts.hopfield(design), folder / f"{neurons}.oas")
    start = time.perf_counter()
    assert drc(path, process) == []
    middle = time.perf_counter()
    assert lvs(path, process, design, topology=False) == []
    return middle - start, time.perf_counter() - middle


def test_time_grows_at_most_with_the_number_of_devices(tmp_path):
    timed(10, tmp_path)  # imports
    small, large = timed(30, tmp_path), timed(90, tmp_path)
    for name, before, after in zip(("drc", "lvs"), small, large, strict=True):
        print(f"{name}: N = 30 {before:.2f} s, N = 90 {after:.2f} s")
        assert after < 2 * 9 * before, name


@pytest.mark.skipif(not os.environ.get("SPINHOP_FULL"), reason="a million devices; set SPINHOP_FULL=1")
def test_a_million_devices(tmp_path):
    rules, netlist = timed(1000, tmp_path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"N = 1000: drc {rules:.0f} s, lvs {netlist:.0f} s, peak {peak:.2f} GB")
