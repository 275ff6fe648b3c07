"""Extraction time of the generator's layouts: cost per device must not grow with the size of the network."""

import os
import time

import numpy as np
import pytest

from hwlib.design import Design
from hwlib.extraction import extract
from hwlib.network import Network
from tests.support.sheet_fields import network_resistances

layouts = pytest.importorskip("layouts")
pytestmark = pytest.mark.benchmark
FULL = bool(os.environ.get("SPINHOP_FULL"))


def timed(neurons: int, folder, repeats: int = 1) -> tuple[Network, float, float]:
    """The network, its best extraction time (CPU) in s, and the time to build and write its layout."""
    design = Design(name=f"rails_{neurons}", network={"neurons": neurons})
    process = design.load_process()
    start = time.process_time()
    path = layouts.write_layout(layouts.hopfield(design, process), folder / f"{neurons}.oas")
    built = time.process_time() - start
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        network = extract(path, process, design)
        best = min(best, time.process_time() - start)
    return network, best, built


def test_cost_per_device_does_not_grow(tmp_path):
    timed(8, tmp_path)  # imports
    small, few, _ = timed(60, tmp_path, 3)
    large, many, _ = timed(300, tmp_path, 2)
    print(f"\nextract N = 60: {few:.3f} s, N = 300: {many:.3f} s ({many / few:.1f}× for 25× the devices)")
    assert (small.devices, large.devices) == (3600, 90000)
    assert many / few < 25 * 1.5


def test_windows_beat_the_flat_layout(tmp_path):
    """Equal windows are extracted once: at N = 30 the same drawing, flattened, costs several times as much."""
    import klayout.db as db

    design = Design(name="rails_30", network={"neurons": 30})
    process = design.load_process()
    network, composed, _ = timed(30, tmp_path, 3)
    layout = db.Layout()
    layout.read(str(tmp_path / "30.oas"))
    layout.flatten(layout.top_cell().cell_index(), -1, True)
    layout.write(str(tmp_path / "flat.oas"))
    start = time.process_time()
    flat = extract(tmp_path / "flat.oas", process, design)
    slow = time.process_time() - start
    print(f"\nextract N = 30: {composed:.3f} s by windows, {slow:.3f} s flat")
    assert flat.net_names == network.net_names
    for net in range(len(network.net_names)):
        found = [(int(d), int(t)) for d, t in np.argwhere(network.node_net[network.terminals] == net)]
        between = ~np.eye(len(found), dtype=bool)
        apart = abs(network_resistances(flat, found)[between] / network_resistances(network, found)[between] - 1)
        assert np.quantile(apart, 0.5) < 1e-6  # all but contacts beside a window's end, which may be cut elsewhere
        assert apart.max() < 1e-2  # as exact as extraction is
    assert slow > 2 * composed


@pytest.mark.skipif(not FULL, reason="a million devices; set SPINHOP_FULL=1")
def test_a_million_devices(tmp_path):
    _, many, _ = timed(300, tmp_path, 2)
    network, million, built = timed(1000, tmp_path)
    print(f"\nextract N = 1000: {million:.1f} s, its layout {built:.1f} s")
    assert network.devices == 10**6
    assert million / many < 1e6 / 9e4 * 3  # arrays of 20 million nodes no longer fit any cache
