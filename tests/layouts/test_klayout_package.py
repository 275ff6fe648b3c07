"""The KLayout package of a process: PCells draw what the PDK's cells are, in the library and in the application."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import klayout.db as kdb
import pytest

from hwlib.process import load_process, preset_names
from hwlib.technology import layer_properties
from layouts.klayout_package import write_package
from layouts.klayout_package.cell_server import answer
from layouts.klayout_package.salt import pcell_parameters
from layouts.pdk import activate, make_pdk
from layouts.writer import write_layout

needs_klayout = pytest.mark.skipif(shutil.which("klayout") is None, reason="the klayout application is not installed")
IN_APPLICATION = """
import pya
layout = pya.Layout()
layout.technology_name = "ebeam"
print("library", *[name for name in pya.Library.library_names() if name.startswith("spinhop")])
cell = layout.create_cell("dw_mtj", "spinhop_ebeam", {"track_length": 0.2})
print("box", cell.bbox())
layout.create_cell("TOP").insert(pya.CellInstArray(cell.cell_index(), pya.Trans()))
layout.write("placed.gds")
"""


def _text(macro: Path) -> str:
    return ElementTree.parse(macro).findtext("text") or ""


def _same(cell: kdb.Cell, component, folder: Path) -> bool:
    """Whether a cell has the polygons and texts of a component."""
    drawn = kdb.Layout()
    drawn.read(str(write_layout(component, folder / "cell.oas")))
    assert drawn.dbu == cell.layout().dbu
    for info in {(x.layer, x.datatype) for x in (*drawn.layer_infos(), *cell.layout().layer_infos())}:
        shapes = [kdb.RecursiveShapeIterator(each.layout(), each, each.layout().layer(*info))
                  for each in (cell, drawn.top_cell())]  # fmt: skip
        if not (kdb.Region(shapes[0]) ^ kdb.Region(shapes[1])).is_empty():
            return False
        if len({tuple(sorted(map(str, kdb.Texts(each).each()))) for each in shapes}) > 1:
            return False
    return not cell.bbox().empty()


def test_pcells_are_the_pdk_s_cells(tmp_path):
    """As KLayout makes them, from the macro's text; a cell that is refused says why."""
    write_package(load_process("ebeam"), tmp_path / "package")
    macro = tmp_path / "package" / "tech" / "ebeam" / "pymacros" / "pcell_library.lym"
    spoken: dict = {}
    exec(compile(_text(macro), str(macro), "exec"), spoken)  # kept for as long as its cells are
    pdk, layout = activate(load_process("ebeam")), kdb.Layout()
    for name, settings in (
        ("dw_mtj", {"track_length": 0.2, "pillar_position": 0.4}),
        ("axon", {"weight_tracks": 3, "tie": 2, "drive_width": 0.06}),
        ("hopfield_macro", {"neurons": 3, "weight_style": "lines"}),
        ("pad", {"size": 3.0, "net": "<gnd> & \"'"}),
    ):
        placed = layout.create_cell(name, "spinhop_ebeam", settings)
        assert _same(placed, pdk.cells[name](**settings), tmp_path), name
    assert not _same(placed, pdk.cells["pad"](size=2.0), tmp_path)
    refused = layout.create_cell("pad", "spinhop_ebeam", {"layer": "m9"})
    assert refused.bbox().width() == refused.bbox().height() == 0
    names = [cell["name"] for cell in pcell_parameters(load_process("ebeam"))]
    assert spoken["SPINHOP_LIBRARY"].layout().pcell_names() == names


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ('{"cell": "pad", "settings": {"layer": "m9"}, "file": "a.oas"}', "no metal 'm9'"),
        ('{"cell": "pad", "settings": {"colour": 1}, "file": "a.oas"}', "colour"),
        ('{"cell": "pd", "settings": {}, "file": "a.oas"}', "no cell 'pd'; allowed: axon"),
        ('{"cell": "pad", "settings": {}, "file": "a.png"}', "suffix"),
        ("[1", "no request"),
    ],
)
def test_the_server_says_why_in_a_line(asked, words):
    error = answer(asked, activate(load_process("ebeam")))["error"]
    assert words in error and len(error) <= 200 and "\n" not in error


@needs_klayout
def test_the_application_finds_the_package_and_places_a_device(tmp_path):
    home = tmp_path / "home"
    package = home / "salt" / "spinhop_ebeam"
    write_package(load_process("ebeam"), tmp_path / "elsewhere")
    shutil.copytree(tmp_path / "elsewhere", package)
    (tmp_path / "place.py").write_text(IN_APPLICATION)
    base = package / "tech" / "ebeam"
    klayout = {"cwd": tmp_path, "capture_output": True, "text": True, "check": False, "env": {
        **os.environ, "QT_QPA_PLATFORM": "offscreen", "KLAYOUT_HOME": str(home)}}  # fmt: skip
    macro = base / "pymacros" / "pcell_library.lym"
    done = subprocess.run(["klayout", "-b", "-rm", str(macro), "-r", "place.py"], **klayout)
    assert done.stdout.splitlines() == ["library spinhop_ebeam", "box (-35,-5;235,55)"], done.stderr
    rules = ["-r", str(base / "drc" / "ebeam.lydrc"), "-rd", "input=placed.gds", "-rd", "report=placed.lyrdb"]
    done = subprocess.run(["klayout", "-b", *rules], **klayout)
    found = ElementTree.parse(tmp_path / "placed.lyrdb")
    assert done.returncode == 0 and found.findall("items/item") == [], done.stderr
    (tmp_path / "one.cir").write_text("X1 a b c d DWMTJ L=0.2\n")  # the device has no labels
    compared = ["-r", str(base / "lvs" / "ebeam.lylvs"), "-rd", "input=placed.gds", "-rd", "schematic=one.cir"]
    done = subprocess.run(["klayout", "-b", *compared], **klayout)
    assert (done.returncode, done.stderr) == (2, "the layout has no net labels of this process\n")


@pytest.mark.parametrize("name", preset_names())
def test_every_cell_has_its_settings_as_parameters_with_words(name):
    cells = {cell["name"]: cell["parameters"] for cell in pcell_parameters(load_process(name))}
    assert set(make_pdk(load_process(name)).cells) - set(cells) == {"straight", "wire_corner", "wire_step", "wire_via"}
    for parameters in cells.values():
        assert all(each["text"].startswith(each["name"] + ": ") and each["text"][-1] != " " for each in parameters)
    (length,) = [each for each in cells["dw_mtj"] if each["name"] == "track_length"]
    assert length["type"] == "float" and length["default"] >= 0.1 and "µm" in length["text"]


def test_names_from_outside_stay_text(tmp_path):
    """What would end a macro, a string, a comment or an element is part of a description only."""
    hostile = "</text><b>'''\"\"\" #{system('x')} ]]> & \\\n@PACKAGE@ %x{ls}"
    process = load_process("ebeam").model_copy(update={"description": hostile})
    python = "/opt/a b'\"</x>/python"
    write_package(process, tmp_path, python=python)
    base = tmp_path / "tech" / "ebeam"
    for macro in ("pcell_library", "spinhop_check"):
        tree = ast.parse(_text(base / "pymacros" / f"{macro}.lym"))
        (line,) = [node for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "PACKAGE"]
        package = json.loads(ast.literal_eval(line.value.args[0]))
        assert package["python"] == python and package["description"] == " ".join(hostile.split())
    assert ElementTree.parse(tmp_path / "grain.xml").findtext("doc") == " ".join(hostile.split())
    assert "system" not in _text(base / "drc" / "ebeam.lydrc") + _text(base / "lvs" / "ebeam.lylvs")
    technology = kdb.Technology()
    technology.load(str(base / "ebeam.lyt"))
    assert (technology.name, technology.layer_properties_file) == ("ebeam", "ebeam.lyp")
    again = load_process(str(base / "process.yaml"))
    assert again.description == process.description and again.layers["m3"] == process.layers["m3"]


def test_layers_open_with_names_and_fills(tmp_path):
    """In KLayout's own view: every layer of a device under its name, filled, in the process's colours."""
    import klayout.lay as lay

    process = load_process("ebeam")
    device = make_pdk(process).cells["dw_mtj"]()
    (tmp_path / "ebeam.lyp").write_text(layer_properties(process), encoding="utf-8")
    view = lay.LayoutView()
    view.load_layout(str(write_layout(device, tmp_path / "device.gds")), False)
    view.load_layer_props(str(tmp_path / "ebeam.lyp"))
    shown = {node.name: node for node in view.each_layer()}
    drawn = ("track", "read", "pillar", "vt", "m1")
    for name in drawn:
        layer = process.layers[name]
        node = shown[f"{name} {layer.gds[0]}/{layer.gds[1]}"]
        assert node.valid and node.visible and node.fill_color & 0xFFFFFF == int(layer.color[1:], 16)
        assert node.eff_dither_pattern(True) not in (0, 1) or name == "vt"  # neither solid nor hollow, but contacts
    view.max_hier()
    view.zoom_fit()
    picture = view.get_pixels(400, 300)
    seen = {picture.pixel(x, y) & 0xFFFFFF for x in range(400) for y in range(300)}
    assert {int(process.layers[name].color[1:], 16) for name in drawn} <= seen
