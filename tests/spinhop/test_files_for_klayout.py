"""Files that the KLayout application opens: databases of a check, technology and layout with one database unit."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import klayout.db as kdb
import klayout.rdb as rdb
import pytest

import layouts
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.process import Process, load_process
from hwlib.technology import write_technology

needs_klayout = pytest.mark.skipif(shutil.which("klayout") is None, reason="the klayout application is not installed")
WEAK = "name: weak\nnetwork: {neurons: 3}\noperating_point: {v_dw: 1 mV}\n"
OPEN = """
lvs = RBA::LayoutVsSchematic::new
lvs.read("lvs.lvsdb")
[lvs.netlist, lvs.reference].each do |netlist|
  circuit = netlist.each_circuit.first
  circuit.each_device do |device|
    of = %w(DW_IN DW_OUT MTJ_IN MTJ_OUT).map { |name| device.net_for_terminal(name).name }
    puts "device #{of.join(' ')} #{device.parameter('L')}"
  end
end
lvs.xref.each_circuit_pair do |pair|
  puts "status #{pair.status}"
  lvs.xref.each_device_pair(pair) { |devices| puts "status #{devices.status}" }
  lvs.xref.each_net_pair(pair) { |nets| puts "status #{nets.status}" }
end
Dir["*.lyrdb"].sort.each do |name|
  database = RBA::ReportDatabase::new("")
  database.load(name)
  puts "markers #{name} #{database.num_items}"
end
"""


@pytest.fixture(scope="module")
def checked(tmp_path_factory) -> Path:
    from spinhop.checking import check_design

    folder = tmp_path_factory.mktemp("checked")
    (folder / "weak.yaml").write_text(WEAK)
    return check_design(folder / "weak.yaml", out=folder / "run").folder


def _markers(path: Path) -> list[str]:
    database = rdb.ReportDatabase("")
    database.load(str(path))
    return [database.category_by_id(item.category_id()).name() for item in database.each_item()]


@pytest.mark.parametrize("name", ["erc_ideal", "erc_drawn", "drc", "lvs"])
def test_markers_are_the_findings(checked, name):
    import json

    findings = json.loads((checked / f"{name}.json").read_text())
    assert sorted(_markers(checked / f"{name}.lyrdb")) == sorted(finding["rule"] for finding in findings)
    if name.startswith("erc"):
        rules = json.loads((checked / f"{name}_table.json").read_text())["rules"]
        assert 0 < len(findings) < len(rules)  # some rules are broken, some hold


def test_the_lvs_database_opens_in_the_library(checked):
    lvs = kdb.LayoutVsSchematic()
    lvs.read(str(checked / "lvs.lvsdb"))
    for netlist in (lvs.netlist(), lvs.reference):
        (circuit,) = netlist.each_circuit()
        assert len(list(circuit.each_device())) == 9
    assert b"DIODE only because" in (checked / "lvs.lvsdb").read_bytes()[:400]


@needs_klayout
def test_databases_open_in_the_application(checked):
    """With Debian 12's 0.28.5 too."""
    (checked / "open.rb").write_text(OPEN)
    done = subprocess.run(
        ["klayout", "-b", "-r", "open.rb"], cwd=checked, capture_output=True, text=True, check=False,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    devices = [line for line in lines if line.startswith("device ")]
    assert len(devices) == 18 and sorted(devices[:9]) == sorted(devices[9:])
    assert {line for line in lines if line.startswith("status")} == {"status Match"}
    markers = {line.split()[1]: int(line.split()[2]) for line in lines if line.startswith("markers")}
    assert markers == {f"{name}.lyrdb": len(_markers(checked / f"{name}.lyrdb")) for name in (
        "drc", "lvs", "erc_ideal", "erc_drawn")}  # fmt: skip


def _on_grid(nanometres: float) -> Process:
    return Process.model_validate(load_process("ebeam").model_dump() | {"grid": nanometres * 1e-9})


@pytest.mark.parametrize("nanometres", [1.0, 2.0, 5.0, 10.0])
@pytest.mark.parametrize("suffix", [".gds", ".oas"])
def test_technology_and_layout_have_one_database_unit(tmp_path, nanometres, suffix):
    process = _on_grid(nanometres)
    design = Design.model_validate({
        "name": "a", "network": {"neurons": 2},
        "device": {"track_length": 200e-9, "track_width": 60e-9, "pillar_width": 20e-9},
    })  # fmt: skip
    path = layouts.write_layout(layouts.hopfield(design, process), tmp_path / f"a{suffix}")
    technology, layout = kdb.Technology(), kdb.Layout()
    technology.load(str(write_technology(process, tmp_path)))
    layout.read(str(path))
    assert technology.dbu == pytest.approx(layout.dbu, rel=1e-12)
    steps = round(nanometres * 1e-3 / layout.dbu)
    boxes = [
        at.shape().bbox().transformed(at.trans())
        for at in layout.top_cell().begin_shapes_rec(layout.layer(10, 0)).each()
    ]
    assert len(boxes) > 10
    assert not [box for box in boxes if any(x % steps for x in (box.left, box.bottom, box.right, box.top))]


@pytest.mark.parametrize("nanometres", [0.5, 1.5])
def test_a_grid_that_layouts_cannot_have_is_refused_when_drawing(tmp_path, nanometres):
    """Their unit is 1 nm; the technology serves layouts drawn elsewhere on such a grid."""
    process = _on_grid(nanometres)
    with pytest.raises(InputError, match=r"no multiple of the layout's database unit|is off the"):
        layouts.hopfield(Design(name="a", network={"neurons": 2}), process)
    technology = kdb.Technology()
    technology.load(str(write_technology(process, tmp_path)))
    assert technology.dbu == pytest.approx(min(nanometres, 1.0) * 1e-3)
