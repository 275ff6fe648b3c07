"""``process list`` and ``process show``: what they print is what the presets are."""

from __future__ import annotations

import json

import pytest

from hwlib.cells.rules import process_key
from hwlib.design import load_design
from hwlib.errors import LONGEST_LINE
from hwlib.process import load_process, preset_names


def test_list_names_every_preset_in_a_line(spinhop):
    code, out, err = spinhop("process", "list")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == preset_names()
    for name, line in zip(preset_names(), lines, strict=True):
        process = load_process(name)
        assert process.source and process.source in line
        for metal in ("m1", "m2", "m3", "m4", "m5"):
            assert f"{process.layers[metal].sheet_resistance:g}" in line
    assert "m1 = met1 0.125, m2 = met2 0.125, m3 = met3 0.047" in out


def test_list_as_json_has_si_numbers(spinhop):
    code, out, _ = spinhop("process", "list", "--json")
    rows = {row["name"]: row for row in json.loads(out)["presets"]}
    assert code == 0 and list(rows) == preset_names()
    first = rows["sky130"]["metals"][0]
    assert first == {
        "layer": "m1", "foundry_name": "met1", "sheet_resistance": 0.125, "thickness": 360e-9, "min_width": 140e-9,
        "min_space": 140e-9, "max_current_per_width": pytest.approx(2800, rel=1e-4),
    }  # fmt: skip
    assert rows["ebeam"]["metals"][0]["foundry_name"] is None
    assert "(Apache-2.0)" in rows["sg13g2"]["source"]


@pytest.mark.parametrize("name", preset_names())
def test_what_is_shown_is_a_process_file(spinhop, tmp_path, name):
    code, out, err = spinhop("process", "show", name)
    assert (code, err) == (0, "")
    (tmp_path / "mine.yaml").write_text(out, encoding="utf-8")
    design = tmp_path / "d.yaml"
    design.write_text("name: d\nprocess: mine.yaml\nnetwork: {neurons: 2}\n", encoding="utf-8")
    process = load_design(design).load_process()
    assert process == load_process(name)
    assert process_key(process) == name  # drawn as the preset is, from the same cells


@pytest.mark.parametrize("name", ["nope", "Sky130", "sky130.yaml", "../ebeam", "", "x" * 1000, "a\nb"])
def test_an_unknown_preset_is_one_line_with_what_is_allowed(spinhop, name):
    code, out, err = spinhop("process", "show", name)
    assert (code, out) == (2, "") and err.count("\n") == 1
    assert len(err) <= LONGEST_LINE + len("spinhop: \n")
    assert all(preset in err for preset in preset_names())


@pytest.mark.parametrize("arguments", [("process", "--help"), ("process", "list", "--help"), ("process",)])
def test_help(spinhop, arguments):
    code, out, _ = spinhop(*arguments)
    assert code == (0 if len(arguments) > 1 else 2) and "Usage: spinhop process" in out
