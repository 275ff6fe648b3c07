"""``--spef``: another tool's parasitics as the drawn wires, from the command line to files, report and JSON."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from hwlib.design import Design
from hwlib.network_file import read_network
from spinhop.pages.report_head import head
from spinhop.run_folder.runs import is_current
from spinhop.running import run_design
from spinhop.verdicts.next_step import NextStep
from tests.support import foreign_spef, spef_grammar

TEXT = "name: tiny\nnetwork: {neurons: 2}\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A run that is extracted, and its wires as another tool's file."""
    folder = tmp_path_factory.mktemp("spef")
    run = run_design(Design(name="tiny", network={"neurons": 2}), "extract", out=folder / "run")
    text = run.path("network.spef").read_text()
    (folder / "own.spef").write_text(text)
    (folder / "other.spef").write_text(foreign_spef.foreign(spef_grammar.parse(text), 1))
    return folder


def test_a_run_on_another_tools_parasitics_says_so_everywhere(spinhop, design_file, files, tmp_path):
    design, run, spef = design_file(TEXT), tmp_path / "run", files / "other.spef"
    shutil.copytree(files / "run", run)
    code, out, err = spinhop("simulate", design, "--out", run)
    assert code == 0 and re.search(r"extraction +unchanged", err), err
    drawn, plain = xr.load_dataset(run / "drawn.nc"), read_network(run / "network.nc")
    assert "parasitics" not in drawn.attrs
    code, out, err = spinhop("simulate", design, "--out", run, "--spef", spef, "--json")
    title = "other.spef, SHA-256 [0-9a-f]{12}, by A Other 9.9"
    assert code == 0 and re.search(rf"wires: parasitics of {title}, of its design chip.top\n", err)
    assert re.search(r"layout +unchanged", err) and not re.search(r"(extraction|simulation, drawn) +unchanged", err)
    said, result = json.loads(out)["stages"]["extraction"]["parasitics"], xr.load_dataset(run / "drawn.nc")
    assert re.fullmatch(title, said) and result.attrs["parasitics"] == said
    assert read_network(run / "network.nc").nodes > plain.nodes
    np.testing.assert_array_equal(result.state, drawn.state)
    np.testing.assert_allclose(result.time_to_solution, drawn.time_to_solution, rtol=1e-9)
    assert "parasitics" not in xr.load_dataset(run / "ideal.nc").attrs

    code, out, err = spinhop("simulate", design, "--out", run, "--spef", spef)
    assert code == 0 and len(re.findall("unchanged", err)) == 4
    code, out, err = spinhop("extract", design, "--out", run)
    assert code == 0 and not re.search(r"extraction +unchanged", err)
    assert read_network(run / "network.nc").attrs == plain.attrs
    manifest = json.loads((run / "manifest.json").read_text())
    assert "parasitics" not in manifest["stages"]["extraction"]
    now = manifest["stages"]["extraction"]["design"]
    assert is_current(manifest, now, "extraction") and not is_current(manifest, now, "simulation, drawn")


def test_limits_and_report_name_the_file(spinhop, design_file, files, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(files / "run", run)
    code, out, err = spinhop("check", design_file(TEXT), "--out", run, "--spef", files / "own.spef", "--json")
    assert code in (0, 1), err
    limits = json.loads(out)["limits"]
    assert "currents of wires not judged: the parasitics of own.spef, SHA-256 " in limits["text"]
    rules = {row["rule"] for row in json.loads((run / "erc_drawn_table.json").read_text())["rules"]}
    assert "rc.time" in rules  # from the file's capacitances
    assert not {"current.m1", "current.m2", "current.m3"} & rules
    tiny = Design(name="tiny", network={"neurons": 2})
    page = head(tiny, tiny.load_process(), "drawn", [], NextStep("go on"), {}, "own.spef, SHA-256 12, by <b>")
    assert "<td>wires</td><td>parasitics of own.spef, SHA-256 12, by &lt;b&gt;</td>" in page.replace("\n", "")


@pytest.mark.parametrize("command", ["run", "simulate", "recall", "extract", "check", "spice"])
def test_bad_parasitics_are_refused_before_anything_is_drawn(spinhop, design_file, files, tmp_path, command):
    bad = tmp_path / "bad.spef"
    bad.write_text((files / "own.spef").read_text().replace("*1 gnd", "*1 clk"))
    code, out, err = spinhop(command, design_file(TEXT), "--spef", bad, "--out", tmp_path / "run")
    assert (
        code == 2 and out == "" and re.fullmatch(r"spinhop: \S+bad\.spef:\d+: net 'clk' is not of design 'tiny'\n", err)
    )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", ["simulate", "recall", "spice"])
def test_ideal_wires_have_no_parasitics(spinhop, design_file, files, tmp_path, command):
    code, _, err = spinhop(
        command, design_file(TEXT), "--ideal", "--spef", files / "own.spef", "--out", tmp_path / "run"
    )
    assert code == 2 and err.endswith("own.spef: parasitics are of drawn wires; leave out --ideal or --spef\n")
