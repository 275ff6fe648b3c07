"""The exported KLayout LVS script against the checker: the same verdict, by an extractor of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import klayout.db as kdb
import numpy as np
import pytest

from hwlib.checks import lvs, lvs_script, write_lvs_script, write_reference_spice
from hwlib.checks.design_rules.ruby import ruby_text
from hwlib.checks.editing import add, carve
from hwlib.checks.faults import KINDS, plant
from hwlib.checks.flat_view import FlatView
from hwlib.checks.planter import Planter
from hwlib.checks.wire_faults import WIRE_FAULTS
from hwlib.design import Design
from hwlib.drawing.reader import open_layout
from hwlib.findings import failed
from hwlib.process import load_process, preset_names
from layouts.macro_views import write_views

needs_klayout = pytest.mark.skipif(shutil.which("klayout") is None, reason="the klayout application is not installed")
COPPER = load_process("copper")
WRONG = {"short", "open", "missing-via", "swapped-terminals", "wrong-programming", "wrong-size", "deleted-row",
         "crossing-short", "label-off-metal"}  # fmt: skip
FINE = {"too-close", "narrowed-wire", "crossing-polygon", "shape-on-labels"}  # of design rules alone
MANY = """
require "json"
viewed = Module.new { def new(*_); super(false); end }  # as in the application: nothing can be deleted
RBA::Layout.singleton_class.prepend(viewed)
script = File.read(ENV["SCRIPT"])
JSON.parse(File.read("runs.json")).each do |input, schematic|
  $input, $schematic = input, schematic
  begin
    eval(script)
  rescue SystemExit => e
    puts "EXIT #{e.status}"
  end
end
"""


class Drawn(NamedTuple):
    design: Design
    gds: Path
    cdl: Path


@pytest.fixture(scope="module", params=["rails", "lines"])
def macro(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("macro")
    network = {"neurons": 3, "weight_style": request.param}
    design = Design(name="three", process="copper", network=network, seed=3)
    write_views(design, folder)
    return Drawn(design, folder / "three.gds", folder / "three.cdl")


def klayout(*words, folder):
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "SCRIPT": "rules.lvs"}
    command = ["klayout", "-b", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


def statuses(path):
    """Of the macro and of each device, in a database."""
    found = kdb.LayoutVsSchematic()
    found.read(str(path))
    (pair,) = found.xref().each_circuit_pair()
    return [pair.status(), *(each.status() for each in found.xref().each_device_pair(pair))]


def run_many(runs, folder):
    """Exit code and lines of each run, all in one process, of layouts that are only viewed."""
    write_lvs_script(COPPER, folder / "rules.lvs")
    (folder / "many.rb").write_text(MANY)
    (folder / "runs.json").write_text(json.dumps([[str(each) for each in run] for run in runs]))
    done = klayout("-r", "many.rb", folder=folder)
    outcomes, lines = [], []
    for line in done.stdout.splitlines():
        if line.startswith("EXIT "):
            outcomes.append((int(line[5:]), lines))
            lines = []
        else:
            lines.append(line)
    assert len(outcomes) == len(runs), done.stderr
    return outcomes


@needs_klayout
def test_a_drawn_macro_matches_its_netlist_and_a_wrong_one_does_not(macro, tmp_path):
    """By the command line alone: exit code, last line, and the database, which says of every device that it matches."""
    write_lvs_script(COPPER, tmp_path / "rules.lvs")
    words = ["-r", "rules.lvs", "-rd", f"input={macro.gds}", "-rd", "report=out.lvsdb", "-rd"]
    done = klayout(*words, f"schematic={macro.cdl}", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "match\n"), done.stderr
    assert not lvs(macro.gds, COPPER, macro.design)
    match = kdb.NetlistCrossReference.Match
    assert statuses(tmp_path / "out.lvsdb") == [match] * 10
    swapped = macro.cdl.read_text().replace("L=0.1 ", "L=0.101 ", 1).replace("drive_1 gnd", "drive_2 gnd", 1)
    (tmp_path / "other.cdl").write_text(swapped)
    done = klayout(*words, "schematic=other.cdl", folder=tmp_path)
    assert done.returncode == 1 and done.stdout.splitlines()[-1].startswith("no match: "), done.stderr
    whole, *devices = statuses(tmp_path / "out.lvsdb")
    assert whole != match and 0 < len([each for each in devices if each != match]) <= 4


@needs_klayout
def test_planted_faults_have_the_checker_s_verdict(macro, tmp_path):
    """Every kind of fault that there is a place for, and names in capitals; errors of the checker are mismatches."""
    planter = Planter(FlatView(open_layout(macro.gds, COPPER)), np.random.default_rng(3))
    told_by_netlists = [kind for kind in KINDS if kind not in WIRE_FAULTS]  # the net of such a wire is whole
    layouts = {kind: made[0] for kind in told_by_netlists if (made := plant(planter, kind))}
    assert set(layouts) >= WRONG | FINE
    layouts["capitals"], layouts["no-device"] = planter.view.layout.dup(), planter.view.layout.dup()
    texts = layouts["capitals"].top_cell().begin_shapes_rec(layouts["capitals"].layer(*COPPER.layers["m3"].label))
    for shape in [each.shape() for each in texts.each()]:
        shape.text_string = shape.text_string.upper()
    carve(layouts["no-device"], COPPER, "pillar", planter.view.devices[4].pillar)
    layouts["crooked"] = planter.view.layout.dup()
    track, pillar = planter.view.devices[4].track, planter.view.devices[4].pillar
    out = kdb.Box(pillar.right + 5, track.bottom, pillar.right + 25, track.top)  # of it, to its side: no less wide
    carve(layouts["crooked"], COPPER, "track", out)
    add(layouts["crooked"], COPPER, "track", out.moved(0, 6))
    layouts["remark"], layouts["empty-top"] = planter.view.layout.dup(), planter.view.layout.dup()
    layouts["empty-top"].create_cell("empty")
    remarks = layouts["remark"].top_cell().shapes(layouts["remark"].layer(*COPPER.layers["m3"].label))
    remarks.insert(kdb.Text("a remark", kdb.Trans(100, 100)))
    runs = []
    for kind, layout in layouts.items():
        layout.write(str(tmp_path / f"{kind}.gds"))
        runs.append((tmp_path / f"{kind}.gds", macro.cdl))
    theirs = {kind: code for kind, (code, _) in zip(layouts, run_many(runs, tmp_path), strict=True)}
    ours = {kind: int(failed(lvs(run[0], COPPER, macro.design))) for kind, run in zip(layouts, runs, strict=True)}
    assert theirs == ours
    assert {kind for kind, code in theirs.items() if code == 1} >= WRONG | {"capitals", "crooked", "no-device"}
    assert not {kind for kind, code in theirs.items() if code == 1} & (FINE | {"remark", "empty-top"})


@needs_klayout
def test_netlists_with_units_match_and_what_is_no_netlist_is_refused(macro, tmp_path):
    write_reference_spice(macro.design, COPPER, tmp_path / "units.cir")
    good = macro.cdl.read_text()
    given = {
        "none.cdl": None, "empty.cdl": "", "resistor.cdl": good + "R1 gnd vdw 5\n", "key.cdl": good.replace("L=", "Q="),
        "comment.cdl": "* dwmtj\n", "number.cdl": good.replace("L=0.1 ", "L=x "),
        "nets.cdl": good.replace(" gnd vdw", " vdw"), "noise.cdl": "dwmtj\nX1 \x01\x02 \u2028 ( ) DWMTJ\n",
    }  # fmt: skip
    for name, text in given.items():
        if text is not None:
            (tmp_path / name).write_text(text)
    runs = [(macro.gds, tmp_path / name) for name in given]
    bare = kdb.Layout()
    bare.read(str(macro.gds))
    for layer in COPPER.layers.values():
        if layer.label:
            bare.clear_layer(bare.layer(*layer.label))
    bare.write(str(tmp_path / "bare.gds"))
    layouts = [(tmp_path / name, macro.cdl) for name in ("empty.cdl", "bare.gds")]
    layouts.append((macro.gds, tmp_path / "units.cir"))
    *refused, units = run_many([*runs, *layouts], tmp_path)
    assert units == (0, ["match"])
    assert [code for code, _ in refused] == [2] * len(refused)


@pytest.mark.parametrize("name", preset_names())
def test_every_layer_of_a_process_is_in_the_script(name):
    process = load_process(name)
    script = lvs_script(process)
    for layer, has in process.layers.items():
        if has.kind in ("conductor", "via", "device"):
            assert f'  "{layer}" => {list(has.gds)},\n' in script
        if has.label:
            assert f'  "{layer}" => {list(has.label)},\n' in script
    assert ruby_text("a\"b\\#{1}'") == '"a\\"b\\\\\\#{1}\'"'


def test_command(spinhop, tmp_path):
    code, out, _ = spinhop("lvs-script", "sky130")
    assert code == 0 and out == lvs_script(load_process("sky130"))
    assert spinhop("lvs-script", "sky130", "--out", tmp_path / "a.lvs")[0] == 0
    assert (tmp_path / "a.lvs").read_text() == out
    code, _, err = spinhop("lvs-script", "no such")
    assert code == 2 and len(err.strip().splitlines()) == 1
