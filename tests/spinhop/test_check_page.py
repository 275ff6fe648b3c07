"""The page of a check: what is found in a broken layout is listed, and marked where it is."""

import json

import klayout.db as kdb
import numpy as np
import pytest
from PIL import Image

from hwlib.checks.places import marked_boxes
from hwlib.findings import Finding
from layouts import render
from spinhop.checking import check_design
from spinhop.stages import run_design

DESIGN = "name: small\nnetwork: {neurons: 3}\n"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("check_page")
    design = folder / "small.yaml"
    design.write_text(DESIGN)
    return design, run_design(design, "layout", out=folder / "run").path("layout.gds")


def test_violation_is_listed_and_pictured_where_it_was_planted(drawn, tmp_path):
    design, gds = drawn
    layout = kdb.Layout()
    layout.read(str(gds))
    m2 = layout.layer(12, 0)
    layout.top_cell().shapes(m2).insert(kdb.DBox(5.0, 5.0, 5.01, 5.5))  # 10 nm wide, far from everything
    edited = tmp_path / "edited.gds"
    layout.write(str(edited))
    checked = check_design(design, out=tmp_path / "run", layout=edited)
    assert checked.failed
    text = checked.page.read_text()
    assert "m2.width" in text and "data:image/png;base64" in text
    found = [f for f in checked.findings["drc"] if f.rule == "m2.width"]
    left, bottom, right, top = marked_boxes(edited, found)[0]
    assert 4.99e-6 < left <= right < 5.02e-6 and 4.99e-6 < bottom <= top < 5.51e-6
    assert json.loads((tmp_path / "run" / "drc.json").read_text())[0]["rule"].startswith("m2.")


def test_marker_of_a_cell_sits_in_its_first_instance(tmp_path):
    layout = kdb.Layout()
    top, cell = layout.create_cell("top"), layout.create_cell("cell")
    cell.shapes(layout.layer(1, 0)).insert(kdb.Box(0, 0, 100, 100))
    top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(kdb.Trans.R90, 1000, 2000)))
    path = tmp_path / "two.gds"
    layout.write(str(path))
    finding = Finding("drc", "m1.width", "", cell="cell", x=10e-9, y=20e-9, width=20e-9, height=40e-9)
    expected = (1000 - 40, 2000, 1000, 2000 + 20)  # a quarter turn: (x, y) → (1000 − y, 2000 + x)
    assert np.allclose(marked_boxes(path, [finding])[0], np.array(expected) * 1e-9)


def test_mark_is_drawn_in_red(drawn, tmp_path):
    from hwlib.process import load_process

    plain, marked = tmp_path / "plain.png", tmp_path / "marked.png"
    render(drawn[1], plain, load_process("ebeam"))
    render(drawn[1], marked, load_process("ebeam"), marks=[(0.5e-6, 0.5e-6, 0.6e-6, 0.6e-6)])

    def red(path):
        pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
        return int(((pixels[..., 0] > 240) & (pixels[..., 1] < 30) & (pixels[..., 2] < 30)).sum())

    assert red(plain) == 0 and red(marked) > 100
