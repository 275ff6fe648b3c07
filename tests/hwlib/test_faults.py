"""Planted faults on the generator's layouts: the right check finds each at the right place; clean ones have none."""

import os
from dataclasses import replace

import klayout.db as kdb
import numpy as np
import pytest

import layouts
from hwlib.checks import drc, lvs
from hwlib.checks.editing import carve
from hwlib.checks.faults import KINDS, plant
from hwlib.checks.flat_view import FlatView
from hwlib.checks.planter import Planter
from hwlib.checks.self_test import random_designs, self_test, try_fault
from hwlib.design import Design
from hwlib.drawing.reader import open_layout
from hwlib.process import load_process, preset_names
from tests.support.fitting import ESTIMATES, fitting_device

FULL = bool(os.environ.get("SPINHOP_FULL"))
STYLES = [(style, place) for style in ("rails", "lines") for place in ("diagonal", "centred")]


def draw(folder):
    return lambda design: layouts.write_layout(layouts.hopfield(design), folder / f"{design.name}.oas")


@pytest.mark.slow
def test_every_planted_fault_is_caught_where_it_is(tmp_path):
    designs = random_designs(52, seed=7) if FULL else random_designs(7, seed=6, largest=8)
    outcomes = list(self_test(draw(tmp_path), designs, faults=20 if FULL else 10, seed=7))
    assert [o for o in outcomes if not o.caught] == []
    assert {o.fault.kind for o in outcomes} == set(KINDS)
    assert len(outcomes) >= (1000 if FULL else 67)


@pytest.mark.parametrize("neurons", range(2, 61) if FULL else [2, 3, 8])
@pytest.mark.parametrize("process", preset_names() if FULL else ESTIMATES)
def test_clean_layouts_have_no_findings(neurons, process, tmp_path):
    for k, (style, place) in enumerate(STYLES):
        if not FULL and (k + neurons) % 2:  # every style on each process, half of them at a size
            continue
        network = {
            "neurons": neurons, "weight_style": style, "soma_placement": place,
            "weights": {"random_patterns": 1 + (neurons + k) % 3},
        }  # fmt: skip
        design = Design(
            name=f"clean_{neurons}_{k}", process=process, device=fitting_device(process), network=network, seed=neurons
        )
        path = draw(tmp_path)(design)
        assert drc(path, load_process(process)) == []
        assert lvs(path, load_process(process), design) == []


def test_an_unharmed_layout_would_fail_the_self_test(tmp_path):
    """The harness's own control: without its fault planted, a layout gives nothing to catch."""
    (design,) = random_designs(1, seed=2, largest=4)
    layout = kdb.Layout()
    layout.read(str(draw(tmp_path)(design)))
    outcome = next(iter(self_test(lambda _: layout, [design], faults=1, seed=1)))
    assert outcome.caught and outcome.findings >= 1
    assert lvs(layout, design.load_process(), design) == []


def test_a_fault_counts_as_caught_only_by_its_rule_at_its_place(tmp_path):
    """The same planted mistake, expected by another rule or elsewhere, is a miss."""
    (design,) = random_designs(1, seed=2, largest=4)
    layout = kdb.Layout()
    layout.read(str(draw(tmp_path)(design)))
    planter = Planter(FlatView(open_layout(layout, design.load_process())), np.random.default_rng(3))
    for kind in ("too-close", "swapped-terminals"):
        broken, fault = plant(planter, kind)
        assert try_fault(design, broken, fault, reach=0.5).caught
        assert not try_fault(design, broken, replace(fault, rules=("m9.width",)), reach=0.5).caught
        assert not try_fault(design, broken, replace(fault, place=fault.place.moved(50, 50)), reach=0.5).caught


def test_a_trunk_is_cut_where_that_cuts_a_current_off(tmp_path):
    """Between its outermost vias: the metal of the first wire begins before them."""
    design = Design(name="trunk", network={"neurons": 2, "ground_width": 300e-9, "drive_width": 300e-9}, seed=1)
    view = FlatView(open_layout(draw(tmp_path)(design), design.load_process()))
    unit, places = view.layout.dbu, set()
    for seed in range(40):
        fault = plant(Planter(view, np.random.default_rng(seed)), "cut-trunk")
        places |= {(fault[1].detail, fault[1].place.to_itype(unit))} if fault else set()
    assert len(places) > 15
    for detail, slit in places:
        across = slit.height() > slit.width()
        far = slit.enlarged(10**6, 0) if across else slit.enlarged(0, 10**6)
        vias = [via.bbox() for via in view.regions["v2"].interacting(kdb.Region(far)).each()]
        ends = [(via.left, via.right) if across else (via.bottom, via.top) for via in vias]
        low, high = (slit.left, slit.right) if across else (slit.bottom, slit.top)
        assert min(end for _, end in ends) < high and max(start for start, _ in ends) > low, detail


def test_programming_by_several_vias_is_moved_as_a_whole(tmp_path):
    """With as many vias as the currents need, one that is moved alone would be a short."""
    network = {"neurons": 3, "rail_blocks": 2, "tile_vias": {"size": "currents", "scale": 2}, "weight_width": 150e-9}
    design = Design(name="vias", process="copper", network=network, seed=1)
    process = design.load_process()
    planter = Planter(FlatView(open_layout(draw(tmp_path)(design), process)), np.random.default_rng(1))
    assert planter.view.regions["v2"].count() > 4 * 9
    for _ in range(3):
        broken, fault = plant(planter, "wrong-programming")
        assert try_fault(design, broken, fault, reach=0.5).caught
        assert not [f for f in lvs(broken, process, design, topology=False) if f.rule == "lvs.short"]


def test_a_row_that_is_missing_is_told_where_it_should_be_whatever_the_order(tmp_path):
    """Of three in an order of their own two are left, and a line through both by number leads elsewhere."""
    network = {"neurons": 3, "order": [2, 0, 1], "rail_blocks": 2}
    design = Design(name="ordered", process="copper", network=network, seed=1)
    planter = Planter(FlatView(open_layout(draw(tmp_path)(design), design.load_process())), np.random.default_rng(2))
    places = set()
    while len(places) < 2:
        broken, fault = plant(planter, "deleted-row")
        places.add(str(fault.place))
        assert try_fault(design, broken, fault, reach=planter.pitch * planter.unit).caught


def test_carving_changes_one_instance_only(tmp_path):
    design = Design(name="carve", network={"neurons": 6}, seed=1)
    process = load_process("ebeam")
    layout = kdb.Layout()
    layout.read(str(draw(tmp_path)(design)))
    layer = layout.layer(*process.layers["pillar"].gds)

    def flat():
        return kdb.Region(layout.top_cell().begin_shapes_rec(layer)).merged()

    before = flat()
    target = sorted((p.bbox() for p in before.each()), key=lambda b: (b.bottom, b.left))[14]
    carve(layout, process, "pillar", target)
    assert (before ^ flat()).bbox() == target
    assert flat().count() == before.count() - 1 == 35
    assert len(layout.top_cells()) == 1
