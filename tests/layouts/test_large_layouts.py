"""Straps, tapers, rails by block and vias by currents far above N = 100: clean, and their time and memory."""

import os
import resource
import time

import pytest

import layouts
from hwlib.checks import drc, lvs
from hwlib.design import Design
from hwlib.extraction import extract
from hwlib.nets import parse_net

FULL = bool(os.environ.get("SPINHOP_FULL"))
COLUMNS, ROWS = {"metal": "m4", "pitch": 8}, {"metal": "m5", "pitch": 8}
WIDE = {"dendrite_width": 120e-9, "drive_width": 120e-9}
NETWORKS = {
    "straps": {"straps": {"drive": COLUMNS, "ground": COLUMNS, "dendrite": ROWS, "weight": ROWS}},
    "tapers": {**WIDE, "tapers": {wire: {"narrow": 48e-9, "steps": 3} for wire in ("dendrite", "drive")}},
    "blocks": {"rail_blocks": 8, "straps": {"drive": COLUMNS}, "tile_vias": {"size": "currents"}},
    "lines": {"weight_style": "lines", "straps": {"drive": COLUMNS, "dendrite": ROWS}, **WIDE,
              "tapers": {"dendrite": {"narrow": 48e-9, "steps": 3}}},
}  # fmt: skip
SIZES = {"straps": (128, 316, 1000), "tapers": (128, 316, 1000), "blocks": (128, 316, 1000), "lines": (128, 256)}
CASES = [(kind, n) for kind, sizes in SIZES.items() for n in sizes] if FULL else [("blocks", 12)]


def seconds() -> float:
    """CPU time of this process and its children."""
    return sum(
        x.ru_utime + x.ru_stime for x in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


@pytest.mark.parametrize(("kind", "n"), CASES)
def test_large_layouts_are_clean(kind, n, tmp_path):
    drawn = Design(
        name="large", process="copper", network={"neurons": n, "soma_placement": "centred", **NETWORKS[kind]},
        operating_point={"v_dw": 0.5},
    )  # fmt: skip
    process, spent = drawn.load_process(), {}
    path = tmp_path / "large.oas"
    network = None
    for name, work in (
        ("drawn", lambda: layouts.write_layout(layouts.hopfield(drawn), path)),
        ("design rules", lambda: drc(path, process)),
        ("netlist", lambda: lvs(path, process, drawn)),
        ("extracted", lambda: extract(path, process, drawn)),
    ):
        before, start = time.monotonic(), seconds()
        found = work()
        spent[name] = f"{seconds() - start:.1f} s of CPU, {time.monotonic() - before:.1f} s"
        print(f"{kind}, N = {n}: {name}: {spent[name]}", flush=True)
        network = found if name == "extracted" else None
        assert name not in ("design rules", "netlist") or found == []
    most = [resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(f"{kind}, N = {n}: at most {most[0]} MB, {most[1]} MB in a child")
    assert network is not None and network.devices == n * n
    blocks = {parse_net(name).block for name in network.weight_nets}
    assert blocks == (set(range(8)) if kind == "blocks" else {-1})
