"""Layouts damaged at random: findings or one line, never a traceback, and the checks and the extraction agree."""

from __future__ import annotations

import random
import shutil

import klayout.db as kdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layouts
from hwlib.checks import drc, lvs
from hwlib.design import Design
from hwlib.drawing.reader import open_layout
from hwlib.errors import InputError
from hwlib.extraction import extract
from hwlib.findings import failed
from hwlib.process import load_process
from tests.support.fuzzing import damaged, fuzz, judged, tries

EBEAM = load_process("ebeam")
NAMES = ["gnd", "vdw", "dend_0", "dend_1", "w_p1", "w_1_0", "x", "dend_99", "", "GND"]


@pytest.fixture(scope="module", params=[(2, "rails"), (3, "lines")], ids=str)
def drawn(request, tmp_path_factory):
    neurons, style = request.param
    design = Design(name="fuzz", network={"neurons": neurons, "weight_style": style}, seed=1)
    layout = kdb.Layout()
    layout.read(str(layouts.write_layout(layouts.hopfield(design), tmp_path_factory.mktemp("drawn") / "it.oas")))
    return design, layout


def _place(dice, far):
    return kdb.Trans(dice.randrange(4), dice.random() < 0.5, dice.randrange(-far, far), dice.randrange(-far, far))


def _point(dice):
    return kdb.Point(dice.randrange(-200, 2500), dice.randrange(-200, 2500))


def damage(layout, dice):
    """One slip or accident anywhere."""
    top, cell = layout.top_cell(), dice.choice(list(layout.each_cell()))
    dice.choice([_take_away, _move, _add])(layout, cell, dice)
    for other in layout.top_cells():
        if other.cell_index() != top.cell_index():
            other.prune_cell()


def _take_away(layout, cell, dice):
    index = dice.choice(list(layout.layer_indexes()))
    kind = dice.randrange(4)
    if kind == 0:
        cell.shapes(index).clear()
    elif kind == 1:
        for number in (layer.label for layer in EBEAM.layers.values() if layer.label):
            layout.top_cell().shapes(layout.layer(*number)).clear()
    else:
        items = list(cell.shapes(index).each()) if kind == 2 else list(cell.each_inst())
        for item in items[:1]:
            dice.choice([item, *items]).delete()


def _move(layout, cell, dice):
    index = dice.choice(list(layout.layer_indexes()))
    items = list(dice.choice([cell.shapes(index).each(), cell.each_inst()]))
    if items:
        dice.choice(items).transform(_place(dice, 400))


def _add(layout, cell, dice):
    top = layout.top_cell()
    metal = layout.layer(*dice.choice(list(EBEAM.layers.values())).gds)
    kind = dice.randrange(4)
    if kind == 0:  # everything shorted, or covered
        top.shapes(metal).insert(top.bbox().enlarged(dice.choice([0, -200, 100, 50_000]), dice.choice([0, -200, 100])))
    elif kind == 1:
        cell.shapes(metal).insert(kdb.Polygon([_point(dice) for _ in range(dice.randrange(3, 9))], True))
    elif kind == 2:
        label = EBEAM.layers[dice.choice(["m1", "m2", "m3"])].label
        cell.shapes(layout.layer(*label)).insert(kdb.Text(dice.choice(NAMES), kdb.Trans(_point(dice).to_v())))
    else:
        cell.shapes(metal).insert(kdb.Box(_point(dice), _point(dice)))


def outcome(work):
    """Findings, a network, or the line that says why there is none."""
    try:
        return work()
    except InputError as error:
        assert len(str(error)) <= 200 and "\n" not in str(error)
        return error


def test_whatever_is_drawn_ends_in_findings_or_one_line(drawn):
    design, layout = drawn
    dice = random.Random(design.network.neurons)
    refused = 0
    each = tries("drawn layouts") // 2  # of two designs
    for k in range(each):
        other = layout.dup()
        for _ in range(dice.choice([1, 1, 2, 4, 8])):
            damage(other, dice)
        rules = outcome(lambda other=other: drc(other, EBEAM))
        names = outcome(lambda other=other: lvs(other, EBEAM, design, topology=False))
        network = outcome(lambda other=other: extract(open_layout(other, EBEAM), EBEAM, design))
        clean = all(isinstance(found, list) and not failed(found) for found in (rules, names))
        assert not (clean and isinstance(network, InputError)), (k, network)
        refused += not clean
    assert refused > each // 2


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A design file and its layout as GDS, OASIS and text."""
    folder = tmp_path_factory.mktemp("files")
    design = Design(name="fuzz", network={"neurons": 2})
    (folder / "d.yaml").write_text("name: fuzz\nnetwork: {neurons: 2}\n")
    for suffix in (".gds", ".oas"):
        layouts.write_layout(layouts.hopfield(design), folder / f"whole{suffix}")
    return folder


@fuzz("layout files")
@given(st.data())
def test_damaged_layout_files(files, data):
    suffix = data.draw(st.sampled_from([".gds", ".oas"]))
    (files / f"it{suffix}").write_bytes(data.draw(damaged((files / f"whole{suffix}").read_bytes())))
    command = data.draw(st.sampled_from(["check", "extract"]))
    shutil.rmtree(files / "run", ignore_errors=True)
    code, said = judged(command, files / "d.yaml", "--layout", files / f"it{suffix}", "--out", files / "run")
    assert code != 2 or said.count("spinhop: ") == 1
