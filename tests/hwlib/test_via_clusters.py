"""One via of several that join two wires may be missing: all is joined, and it is told."""

import klayout.db as kdb
import pytest

import layouts
from hwlib.checks import lvs
from hwlib.design import Design
from hwlib.drawing.reader import open_layout
from tests.support.redrawing import REDRAWINGS

FORMS = ["as drawn", "split", "turned 1", "turned 6", "wrapped twice", "half the unit"]
STRAPPED = {"straps": {"ground": {"metal": "m4"}, "vdw": {"metal": "m5"}, "dendrite": {"metal": "m5", "vias": 2}}}
SEVERAL = {"tile_vias": {"size": "currents", "scale": 4}, "trunks": {"scale": 3}}


def drawn(folder, **network):
    """A design and its drawing, flat."""
    design = Design(name="vias", network={"neurons": 3, **network}, seed=2)
    layout = kdb.Layout()
    layout.read(str(layouts.write_layout(layouts.hopfield(design), folder / "drawn.oas")))
    layout.flatten(layout.top_cell().cell_index(), -1, True)
    return design, layout


def without_one(layout, process, via, place):
    """Take away a via with another beside it, near to a place as a share of the layout's width and height."""
    box = layout.top_cell().bbox()
    x, y = box.left + place[0] * box.width(), box.bottom + place[1] * box.height()
    shapes = layout.top_cell().shapes(layout.layer(*process.layers[via].gds))
    space = round(process.layers[via].min_space * 1e9)
    several = [s for s in shapes.each() if len(list(shapes.each_touching(s.bbox().enlarged(space)))) > 1]
    nearest = min(several, key=lambda s: abs(s.bbox().center().x - x) + abs(s.bbox().center().y - y))
    at = nearest.bbox().center()
    nearest.delete()
    return at


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("via", "place"), [("v2", (0, 0.5)), ("v2", (0.4, 1)), ("v1", (0.3, 0.4)), ("vr", (0.33, 0.42))],
    ids=["row on its trunk", "column on its trunk", "tile", "read electrode"],
)  # fmt: skip
def test_one_via_of_several(via, place, form, tmp_path):
    design, layout = drawn(tmp_path, **SEVERAL)
    process = design.load_process()
    at = without_one(layout, process, via, place)
    (finding,) = lvs(REDRAWINGS[form](layout), process, design)
    assert (finding.rule, finding.severity) == ("lvs.vias", "warning")
    assert finding.message.startswith(f"{finding.measured:.0f} {via} here")
    assert finding.required == finding.measured + 1
    if form == "as drawn":
        box = kdb.DBox(finding.width * 1e9, finding.height * 1e9).moved(finding.x * 1e9, finding.y * 1e9)
        assert box.contains(kdb.DPoint(at))


@pytest.mark.parametrize("network", [{}, SEVERAL, STRAPPED, {**SEVERAL, **STRAPPED}])
@pytest.mark.parametrize("style", ["rails", "lines"])
def test_nothing_is_told_of_what_is_drawn(network, style, tmp_path):
    design, layout = drawn(tmp_path, weight_style=style, **network)
    process = design.load_process()
    assert lvs(open_layout(layout, process), process, design) == []


def test_ties_of_one_size_for_other_currents(tmp_path):
    """A soma's one via in as much metal as an axon's three."""
    widths = {"ground_width": 215e-9, "weight_width": 224e-9, "vdw_width": 347e-9}
    narrow = {"ground": (125e-9, 7), "weight": (198e-9, 3), "vdw": (135e-9, 2)}
    tapers = {wire: {"narrow": width, "steps": steps} for wire, (width, steps) in narrow.items()}
    vias = {"tile_vias": {"size": "currents", "scale": 4}}
    design, layout = drawn(tmp_path, neurons=6, tapers=tapers, **widths, **vias)
    assert lvs(layout, design.load_process(), design) == []


def test_a_missing_via_of_a_strap_is_told_once(tmp_path):
    design, layout = drawn(tmp_path, straps={"drive": {"metal": "m4", "vias": 2}})
    process = design.load_process()
    shapes = layout.top_cell().shapes(layout.layer(*process.layers["v3"].gds))
    upper = next(shapes.each()).bbox()
    lower = layout.top_cell().shapes(layout.layer(*process.layers["v2"].gds))
    next(s for s in lower.each() if s.bbox().touches(upper)).delete()
    assert [f.rule for f in lvs(layout, process, design)] == ["lvs.strap"]
