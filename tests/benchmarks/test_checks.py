"""How the checks grow with N: hierarchy keeps them well below the number of devices squared."""

import os
import resource
import time

import pytest

import layouts
from hwlib.checks import drc, graph_comparison, lvs
from hwlib.checks.connectivity import Extracted
from hwlib.checks.lvs_reference import reference_netlist
from hwlib.design import Design
from hwlib.drawing.reader import open_layout
from hwlib.process import load_process
from hwlib.workers.forked import processes

pytestmark = pytest.mark.benchmark

GOAL_SECONDS, GOAL_BYTES = 60, 2.5e9  # layout against netlist of a million devices
COMPARED_SECONDS = 30  # of 10 000 devices with KLayout's own comparison, "within seconds"


def drawn(neurons, folder):
    design = Design(name=f"bench_{neurons}", network={"neurons": neurons}, seed=1)
    return design, layouts.write_layout(layouts.hopfield(design), folder / f"{neurons}.oas")


def processor_seconds():
    """Of this process, and of its children over the cores they share: the time it takes on idle cores."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + (children.ru_utime + children.ru_stime) / processes()


def timed(work):
    """Processor seconds of a check that must find nothing, and elapsed seconds."""
    start, began = processor_seconds(), time.perf_counter()
    assert work() == []
    return processor_seconds() - start, time.perf_counter() - began


def test_time_grows_at_most_with_the_number_of_devices(tmp_path):
    process = load_process("ebeam")
    used = {}
    for neurons, repeats in ((10, 1), (30, 2), (90, 1)):  # the first for imports
        design, path = drawn(neurons, tmp_path)
        for name, work in (
            ("drc", lambda path=path: drc(path, process)),
            ("lvs", lambda path=path, design=design: lvs(path, process, design, topology=False)),
        ):
            used[name, neurons] = min(timed(work)[0] for _ in range(repeats))
    for name in ("drc", "lvs"):
        before, after = used[name, 30], used[name, 90]
        print(f"{name}: N = 30 {before:.2f} s, N = 90 {after:.2f} s")
        assert after < 2 * 9 * before, name


def test_a_hundred_neurons_take_seconds_with_everything_that_a_check_does(tmp_path):
    process = load_process("ebeam")
    design, path = drawn(100, tmp_path)
    rules, _ = timed(lambda: drc(path, process))
    netlist, _ = timed(lambda: lvs(path, process, design, database=tmp_path / "100.lvsdb"))
    print(f"N = 100: drc {rules:.1f} s, lvs with its database {netlist:.1f} s")
    assert rules + netlist < COMPARED_SECONDS


def test_names_lead_the_comparison_of_graphs(tmp_path):
    """A search that has to find out which net is which takes more than twice as long."""
    process = load_process("ebeam")
    design, path = drawn(30, tmp_path)

    def used(named):
        lvs_of = Extracted(open_layout(path, process)).lvs
        reference, start = reference_netlist(design, process), processor_seconds()
        assert graph_comparison._compare(lvs_of, reference, None, named=named)
        return processor_seconds() - start

    with_names, without = (min(used(named) for _ in range(2)) for named in (True, False))
    print(f"N = 30: graphs compared with names in {with_names:.2f} s, without in {without:.2f} s")
    assert 1.5 * with_names < without


@pytest.mark.skipif(not os.environ.get("SPINHOP_FULL"), reason="a million devices; set SPINHOP_FULL=1")
def test_a_million_devices(tmp_path):
    process = load_process("ebeam")
    design, path = drawn(1000, tmp_path)
    netlist, elapsed = timed(lambda: lvs(path, process, design))
    own, child = (resource.getrusage(who).ru_maxrss * 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    peak = own + processes() * child  # at most: they share pages
    print(f"N = 1000: lvs {netlist:.0f} s ({elapsed:.0f} s elapsed), peak at most {peak / 1e9:.2f} GB")
    rules, elapsed = timed(lambda: drc(path, process))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"N = 1000: drc {rules:.0f} s ({elapsed:.0f} s elapsed), peak {own / 1e9:.2f} GB")
    assert netlist <= GOAL_SECONDS and peak <= GOAL_BYTES
    assert own <= GOAL_BYTES
