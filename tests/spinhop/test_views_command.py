"""``spinhop views``: of a design file, of a run folder, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import layouts
from spinhop.running import run_design

ENDS = [".gds", ".lef", ".tech.lef", ".v", ".cdl"]


def test_views_of_a_design_and_of_its_run(spinhop, design_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    design = design_file("name: my-chip\nnetwork: {neurons: 2}\n")
    code, out, err = spinhop("views", design)
    assert code == 0 and err == "" and out.split() == [f"my-chip_views/my_chip{end}" for end in ENDS]
    run_design(design, "layout", out=tmp_path / "run")
    code, out, err = spinhop("views", tmp_path / "run", "--out", tmp_path / "again", "--json")
    assert code == 0 and json.loads(out) == {"files": [str(tmp_path / "again" / f"my_chip{end}") for end in ENDS]}
    for end in ENDS:
        name = f"my_chip{end}"
        assert (tmp_path / "again" / name).read_bytes() == Path("my-chip_views", name).read_bytes()


def test_views_are_of_what_is_drawn(spinhop, design_file, tmp_path):
    design = design_file("name: tiny\nnetwork: {neurons: 2}\n")
    drawn = run_design(design, "layout", out=tmp_path / "run").path("layout.gds")
    outside = drawn.rename(tmp_path / "edited.gds")
    run_design(design, "layout", out=tmp_path / "other", layout=outside)
    for source, says in (
        (tmp_path / "other", "its layout is from edited.gds; views are of what is drawn from a design"),
        (tmp_path, "no run folder; give one, or a design file"),
        (tmp_path / "none.yaml", "no such design file"),
    ):
        code, out, err = spinhop("views", source, "--out", tmp_path / "views")
        assert code == 2 and out == "" and err.count("\n") == 1 and says in err
    assert not (tmp_path / "views").exists()
    (tmp_path / "file").touch()
    code, _, err = spinhop("views", design, "--out", tmp_path / "file")
    assert code == 2 and "cannot write there" in err and (tmp_path / "file").read_bytes() == b""


def test_equal_designs_have_equal_views(design_file, tmp_path):
    from hwlib.design import Design

    design = Design(name="tiny", network={"neurons": 2})
    for folder in ("a", "b"):
        files = layouts.write_views(design, tmp_path / folder)
    assert all(file.read_bytes() == (tmp_path / "a" / file.name).read_bytes() for file in files)
