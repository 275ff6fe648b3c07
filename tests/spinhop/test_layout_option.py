"""Layouts drawn elsewhere, end to end: ``--layout`` and ``--top``."""

from __future__ import annotations

import json
from pathlib import Path

import klayout.db as kdb
import pytest

import layouts
from hwlib.design import Design

TEXT = "name: tiny\nnetwork: {neurons: 2}\n"


@pytest.fixture(scope="module")
def chip(tmp_path_factory) -> Path:
    """The layout of the N = 2 design in a cell CHIP, beside a top cell of something else."""
    path = tmp_path_factory.mktemp("drawn") / "chip.oas"
    layouts.write_layout(layouts.hopfield(Design(name="tiny", network={"neurons": 2})), path)
    layout = kdb.Layout()
    layout.read(str(path))
    macro, outer = layout.top_cell(), layout.create_cell("CHIP")
    outer.insert(kdb.CellInstArray(macro.cell_index(), kdb.Trans(1, False, 5000, 7000)))
    layout.create_cell("OTHER").shapes(layout.layer(12, 0)).insert(kdb.Box(0, 0, 100, 100))
    layout.write(str(path))
    return path


def test_a_file_with_several_top_cells_needs_a_name(spinhop, design_file, chip, tmp_path):
    for command in ("run", "extract", "simulate", "recall", "check", "spice"):
        code, out, err = spinhop(command, design_file(TEXT), "--layout", chip, "--out", tmp_path / command)
        assert code == 2 and out == ""
        assert err.splitlines()[-1].endswith("chip.oas: 2 top cells (CHIP, OTHER); name the one to use with --top")


@pytest.mark.parametrize("command", ["extract", "check"])
def test_what_is_wrong_is_said_of_the_file_that_was_given(spinhop, design_file, chip, tmp_path, command):
    """Not of the run folder's copy, whatever stage finds it."""
    layout = kdb.Layout()
    layout.read(str(chip))
    layout.cell("CHIP").flatten(True)
    for index in layout.layer_indexes():
        for shape in [shape for shape in layout.cell("CHIP").shapes(index).each() if shape.is_text()]:
            shape.delete()
    layout.write(str(tmp_path / "nameless.gds"))
    (tmp_path / "bad.gds").write_text("no layout")
    for name, top in (("nameless.gds", ["--top", "CHIP"]), ("bad.gds", [])):
        run = tmp_path / f"run_{name}"
        code, out, err = spinhop(command, design_file(TEXT), "--layout", tmp_path / name, *top, "--out", run)
        line = err.splitlines()[-1]
        assert code == 2 and out == "" and f"/{name}: no" in line and "layout.gds" not in err
        assert not list(run.glob("network*"))


def test_the_named_cell_is_used_and_kept(spinhop, design_file, chip, tmp_path):
    run = tmp_path / "run"
    code, _, err = spinhop("check", design_file(TEXT), "--layout", chip, "--top", "CHIP", "--out", run, "--json")
    assert code in (0, 1), err
    assert json.loads((run / "lvs.json").read_text()) == []
    assert [f for f in json.loads((run / "drc.json").read_text()) if f["severity"] == "error"] == []
    kept = kdb.Layout()
    kept.read(str(run / "layout.oas"))
    assert [cell.name for cell in kept.top_cells()] == ["CHIP"]
    code, _, err = spinhop("extract", design_file(TEXT), "--layout", chip, "--top", "CHIP", "--out", run)
    assert code == 0 and "layout                 unchanged" in err


@pytest.mark.parametrize("options", [["--top", "CHIP"], ["--top", "NONE"]])
def test_a_top_cell_needs_a_layout_that_has_it(spinhop, design_file, chip, tmp_path, options):
    given = ["--layout", chip] if options[1] == "NONE" else []
    code, _, err = spinhop("extract", design_file(TEXT), *given, *options, "--out", tmp_path / "run")
    says = "no cell 'NONE' for --top; the layout's top cells: CHIP, OTHER" if given else "give both"
    assert code == 2 and says in err and not (tmp_path / "run" / "network.nc").exists()


@pytest.mark.parametrize("command", ["extract", "simulate", "recall", "spice"])
def test_a_layout_that_cannot_be_read_leaves_nothing(spinhop, design_file, tmp_path, command):
    (tmp_path / "cut.gds").write_bytes(b"\0\6\0\2\2\x58\0\x1c")
    code, _, err = spinhop(command, design_file(), "--layout", tmp_path / "cut.gds", "--out", tmp_path / "run")
    assert code == 2 and err.count("\n") == 1 and "cut.gds: damaged" in err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", ["simulate", "recall", "spice"])
def test_ideal_wires_have_no_layout(spinhop, design_file, chip, tmp_path, command):
    """``--layout`` was left out without a word, whatever it held."""
    code, out, err = spinhop(command, design_file(TEXT), "--ideal", "--layout", chip, "--out", tmp_path / "run")
    assert code == 2 and out == "" and not (tmp_path / "run").exists()
    assert err.endswith("chip.oas: a layout has drawn wires; leave out --ideal or --layout\n")


@pytest.mark.parametrize("command", ["simulate", "recall", "spice", "maxcut"])
def test_the_engine_of_ideal_wires_is_refused_before_anything_is_drawn(spinhop, design_file, tmp_path, command):
    graph = tmp_path / "g.txt"
    graph.write_text("3 2\n1 2\n2 3\n")
    given = graph if command == "maxcut" else design_file(TEXT)
    code, out, err = spinhop(command, given, "--engine", "ideal", "--out", tmp_path / "run")
    assert code == 2 and out == "" and not (tmp_path / "run").exists()
    assert err == "spinhop: engine: 'ideal' simulates perfect wires alone; give --ideal too, or engine auto\n"


def test_longer_tracks_than_the_design_has_are_simulated_and_reported(spinhop, design_file, tmp_path):
    design = Design(name="tiny", network={"neurons": 2}, device={"track_length": 140e-9})
    drawn = layouts.write_layout(layouts.hopfield(design), tmp_path / "long.gds")
    code, _, err = spinhop("simulate", design_file(TEXT), "--layout", drawn, "--out", tmp_path / "run")
    assert code == 0, err
    code, _, err = spinhop("report", tmp_path / "run")
    assert code in (0, 1) and "damaged" not in err, err


@pytest.mark.parametrize("unit", [0.0005, 0.005])
def test_the_technology_has_the_unit_of_the_file_that_was_given(spinhop, design_file, tmp_path, unit):
    """It had that of layouts drawn here, 1 nm, whatever the file's was; files finer and coarser than the grid."""
    design = Design.model_validate({"name": "two", "network": {"neurons": 2}})
    layout, options = kdb.Layout(), kdb.SaveLayoutOptions()
    layout.read(str(layouts.write_layout(layouts.hopfield(design, design.load_process()), tmp_path / "drawn.oas")))
    options.set_format_from_filename("given.oas")
    options.dbu = unit
    layout.write(str(tmp_path / "given.oas"), options)
    code, _, err = spinhop(
        "extract", design_file("name: two\nnetwork: {neurons: 2}\n"), "--layout", tmp_path / "given.oas",
        "-o", tmp_path / "out",
    )  # fmt: skip
    assert code == 0, err
    technology, kept = kdb.Technology(), kdb.Layout()
    technology.load(str(tmp_path / "out" / "layout.lyt"))
    kept.read(str(tmp_path / "out" / "layout.oas"))
    assert technology.dbu == pytest.approx(kept.dbu, rel=1e-12) == pytest.approx(unit, rel=1e-12)
