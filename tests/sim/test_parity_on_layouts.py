"""The layout engine against the reference engine on drawn networks whose straps close loops in every kind of net."""

import os

import numpy as np
import pytest

import layouts
from hwlib.design import Design
from hwlib.extraction import extract
from hwlib.weights import weight_levels
from sim.engines.layout.partition.blocks import INTERFACE, build_structure, source_nodes
from sim.protocol import protocol_for
from tests.support.agreement import compare

FULL = bool(os.environ.get("SPINHOP_FULL"))


def drawn(seed: int, folder):
    """A random design's extracted network, and a trial of it that ends while its walls move."""
    rng = np.random.default_rng(seed)
    style, n = str(rng.choice(["rails", "lines"])), int(rng.integers(3, 7 if FULL else 5))
    wires = ("drive", "ground", "dendrite", "vdw", "weight")[: 5 if style == "rails" else 4]
    straps = {
        wire: {"metal": "m4" if wire in ("drive", "ground") else "m5", "pitch": int(rng.integers(1, 4)),
               "vias": int(rng.integers(1, 3))}
        for wire in wires if rng.random() < 0.7
    }  # fmt: skip
    network = {
        "neurons": n, "weight_style": style, "straps": straps, "order": rng.permutation(n).tolist(),
        "soma_places": rng.integers(0, n, n).tolist(), "tile_vias": {"size": str(rng.choice(["one", "currents"]))},
        "rail_blocks": int(rng.integers(1, 3)) if style == "rails" else 1,
        "dendrite_width": 160e-9, "tapers": {"dendrite": {"narrow": 64e-9, "steps": 2}} if rng.random() < 0.5 else {},
        "feeds": {"weight": str(rng.choice(["both", "west"])), "ground": str(rng.choice(["both", "north"]))},
    }  # fmt: skip
    design = Design(name="drawn", process="copper", seed=seed, network=network)
    process = design.load_process()
    path = layouts.write_layout(layouts.hopfield(design), folder / "drawn.oas")
    levels = weight_levels(design) if style == "lines" else None
    start, limit = rng.integers(0, 2, n), float(rng.uniform(4e-9, 12e-9))
    protocol = protocol_for(design, process, start=start, levels=levels, load=4e-9, time_limit=limit)
    return extract(path, process, design), protocol


@pytest.mark.parametrize("seed", range(60 if FULL else 2))
def test_layout_engine_on_strapped_layouts(seed, tmp_path):
    found, ambiguous = compare(*drawn(seed, tmp_path), "layout")
    assert not found and not ambiguous


def interface(straps, folder) -> int:
    """Nodes that a network of twelve neurons solves in every step beside its rows and columns."""
    design = Design(name="d", process="copper", network={"neurons": 12, "soma_placement": "centred", "straps": straps})
    process = design.load_process()
    network = extract(layouts.write_layout(layouts.hopfield(design), folder / "d.oas"), process, design)
    sources = source_nodes(network, protocol_for(design, process).net_voltages(network))
    return int((build_structure(network, sources).place == INTERFACE).sum())


def test_straps_belong_to_rows_and_columns(tmp_path):
    """All but where they join two of them: else every via of theirs is solved in every step."""
    straps = {"ground": {"metal": "m4"}, "weight": {"metal": "m5"}}
    assert interface(straps, tmp_path) < 800  # 785; 1691 if none did
