"""A clean drawing stays clean however its polygons are arranged in cells, shapes, units and orientations."""

from __future__ import annotations

import math
import os
import resource

import klayout.db as kdb
import numpy as np
import pytest

import layouts
from hwlib.checks import drc, lvs
from hwlib.design import Design
from hwlib.drawing.reader import open_layout
from hwlib.extraction import extract
from hwlib.process import preset_names
from tests.support.fitting import fitting_device
from tests.support.redrawing import REDRAWINGS, with_pads, wrapped, wrapped_twice

FULL = bool(os.environ.get("SPINHOP_FULL"))
STYLES = [(style, place) for style in ("rails", "lines") for place in ("diagonal", "centred")]
ALL = [(process, *style, n) for process in preset_names() for style in STYLES for n in (2, 3, 5, 8, 12, 24)]
SAMPLE = [("ebeam", "rails", "diagonal", 3), ("copper", "lines", "centred", 3)]
SUFFIXES = (".gds", ".oas")


def drawn(process, style, placement, neurons, folder):
    network = {
        "neurons": neurons, "weight_style": style, "soma_placement": placement, "weights": {"random_patterns": 1}
    }  # fmt: skip
    design = Design(name="redrawn", process=process, device=fitting_device(process), network=network, seed=neurons)
    path = layouts.write_layout(layouts.hopfield(design), folder / "drawn.oas")
    layout = kdb.Layout()
    layout.read(str(path))
    return design, layout


def sizes(network):
    """What a network is, apart from where it lies."""
    return {
        name: getattr(network, name)
        for name in ("post", "pre", "area", "length", "pillar_width", "pillar_centre", "r_p", "r_m", "mobility")
    }


@pytest.mark.parametrize("case", ALL if FULL else SAMPLE, ids=lambda case: "-".join(map(str, case)))
def test_clean_redrawings_stay_clean(case, tmp_path):
    design, layout = drawn(*case, tmp_path)
    process = design.load_process()
    wanted = sizes(extract(open_layout(layout, process), process, design))
    for k, (name, redraw) in enumerate(REDRAWINGS.items()):
        path = tmp_path / f"redrawn{SUFFIXES[k % 2]}"
        redraw(layout.dup()).write(str(path))
        drawing = open_layout(path, process)
        assert drc(drawing, process) == [], name
        assert lvs(drawing, process, design) == [], name
        found = sizes(extract(drawing, process, design))
        for field, values in wanted.items():
            assert np.allclose(found[field], values, rtol=1e-9, atol=0), (name, field)


def test_redrawings_draw_what_was_drawn(tmp_path):
    """The control: no polygon changes but in place, unit and orientation, and every redrawing is another file."""
    design, layout = drawn("ebeam", "rails", "diagonal", 3, tmp_path)
    options = kdb.SaveLayoutOptions()
    options.gds2_write_timestamps = False
    seen = set()
    for name, redraw in REDRAWINGS.items():
        other = redraw(layout.dup())
        seen.add(other.write_bytes(options))
        scale = round(layout.dbu / other.dbu)
        for layer in design.load_process().layers.values():
            shapes = [x.top_cell().begin_shapes_rec(x.layer(*layer.gds)) for x in (layout, other)]
            before, after = (kdb.Region(each).merged().area() for each in shapes)
            assert after == before * scale**2 or "pads" in name, name
    assert len(seen) == len(REDRAWINGS)


def processor_seconds():
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


@pytest.mark.parametrize("style", ["rails", "lines"] if FULL else ["lines"])
def test_a_wrapped_macro_takes_as_long_as_the_macro(style, tmp_path):
    design, layout = drawn("ebeam", style, "diagonal", 16, tmp_path)
    process = design.load_process()
    kinds = {"bare": lambda layout: layout, "wrapped": wrapped, "twice": wrapped_twice, "pads": with_pads}
    used = dict.fromkeys(kinds, math.inf)
    for name, redraw in 2 * list(kinds.items()):  # the better of two: the first imports, others may be disturbed
        other, start = redraw(layout.dup()), processor_seconds()
        assert not [f for f in drc(other, process) + lvs(other, process, design) if f.severity == "error"]
        used[name] = min(used[name], processor_seconds() - start)
    assert max(used.values()) < 2 * used["bare"], used
