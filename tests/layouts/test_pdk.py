"""The PDK of a process: cells by name, layers, stack, connectivity, technology files."""

import importlib
from xml.etree import ElementTree

import gdsfactory as gf
import klayout.db as kdb
import pytest

from hwlib.errors import InputError
from hwlib.process import load_process, preset_names
from hwlib.technology import write_technology
from layouts.pdk import activate, make_pdk

CELLS = {
    "dw_track", "mtj_pillar", "dw_mtj", "soma", "axon", "synapse", "neuron", "hopfield_macro", "via_stack", "pad",
    "straight", "wire_corner", "wire_step", "wire_via",
}  # fmt: skip


@pytest.mark.parametrize("name", preset_names())
def test_cells_are_found_by_name_and_lie_on_layers_of_the_process(name):
    process = load_process(name)
    activate(process)
    known = {n for layer in process.layers.values() for n in (layer.gds, layer.label) if n}
    for cell in CELLS:
        component = gf.get_component(cell)
        used = {
            (info.layer, info.datatype)
            for info in component.kcl.layer_infos()
            if not component.kdb_cell.bbox(component.kcl.layer(info)).empty()
        }
        assert used and used <= known, cell
        assert len(component.ports) >= 2
    assert set(gf.get_active_pdk().cells) == CELLS


def test_the_device_has_four_ports_with_meaning():
    activate(load_process("ebeam"))
    device = gf.get_component("dw_mtj", track_length=0.2, pillar_position=0.4)
    assert [port.name for port in device.ports] == ["DW_IN", "DW_OUT", "MTJ_IN", "MTJ_OUT"]
    assert device.ports["DW_IN"].center[0] < device.ports["MTJ_IN"].center[0] < device.ports["DW_OUT"].center[0]
    assert device.ports["MTJ_IN"].center[0] == pytest.approx(0.08)
    assert device.settings["track_length"] == 0.2
    assert device.settings["process"] == "ebeam"


def test_two_processes_never_share_a_cell():
    names = {}
    for name in preset_names():
        activate(load_process(name))
        for cell in CELLS:
            names.setdefault(cell, set()).add(gf.get_component(cell).name)
    assert all(len(found) == len(preset_names()) for found in names.values())


def test_a_process_of_the_same_name_with_other_rules_gets_its_own_cells():
    plain = load_process("ebeam")
    layers = dict(plain.layers)
    layers["vt"] = layers["vt"].model_copy(update={"size": 20e-9})
    other = plain.model_copy(update={"layers": layers})
    activate(plain)
    first = gf.get_component("dw_mtj")
    activate(other)
    second = gf.get_component("dw_mtj")
    assert first.name != second.name
    assert first.dxsize - second.dxsize == pytest.approx(0.02)


def test_names_and_settings_are_stable():
    """Pinned: a rename breaks every file and netlist that refers to the cell."""
    activate(load_process("ebeam"))
    device = gf.get_component("dw_mtj")
    assert device.name == gf.get_component("dw_mtj", track_length=0.1).name
    assert set(device.settings.model_dump()) == {
        "process", "track_length", "track_width", "pillar_width", "pillar_position"
    }  # fmt: skip
    assert device.name.startswith("dw_mtj_")


@pytest.mark.parametrize("name", preset_names())
def test_layers_stack_and_connectivity_are_the_process_s(name):
    process, pdk = load_process(name), make_pdk(load_process(name))
    assert make_pdk(process) is pdk
    for layer, drawn in process.layers.items():
        member = pdk.layers[layer.upper()]
        assert (member.layer, member.datatype) == drawn.gds
        if drawn.thickness:
            level = pdk.layer_stack.layers[layer]
            assert level.zmin * 1e-6 == pytest.approx(drawn.bottom)
            assert level.thickness * 1e-6 == pytest.approx(drawn.thickness)
    assert ("M2", "V2", "M3") in pdk.connectivity
    assert len(pdk.connectivity) == len(process.of_kind("via"))
    assert pdk.get_cross_section(f"{name}_m2").width * 1e-6 == pytest.approx(process.layers["m2"].min_width)


@pytest.mark.parametrize("name", preset_names())
def test_technology_files_can_be_read_by_klayout(tmp_path, name):
    process = load_process(name)
    path = write_technology(process, tmp_path)
    technology = kdb.Technology.technology_from_xml(path.read_text(encoding="utf-8"))
    assert technology.name == process.name
    assert technology.dbu == gf.kcl.dbu  # the layout's, whatever the grid
    assert technology.layer_properties_file == f"{name}.lyp"
    stack = ElementTree.parse(path).find("connectivity")
    assert "m1,v1,m2" in [one.text for one in stack.findall("connection")]
    shown = {one.findtext("source") for one in ElementTree.parse(tmp_path / f"{name}.lyp").findall("properties")}
    assert {f"{layer.gds[0]}/{layer.gds[1]}@1" for layer in process.layers.values()} <= shown


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_has_a_module_with_its_pdk(name, monkeypatch):
    """What gdsfactory imports where it is told a module's name and no PDK is active, and what entry points promise."""
    import tomllib
    from pathlib import Path

    module = f"layouts.pdk.{name}"
    assert importlib.import_module(module).PDK is make_pdk(load_process(name))
    monkeypatch.setattr(gf.pdk, "_ACTIVE_PDK", None)
    assert gf.get_active_pdk(module).name == name
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["gdsfactory.pdks"] == {f"spinhop_{each}": f"layouts.pdk.{each}:PDK"
                                                          for each in preset_names()}  # fmt: skip
    from layouts.pdk import PDK

    assert PDK is make_pdk(load_process("ebeam"))


@pytest.mark.parametrize("name", preset_names())
def test_any_two_metals_have_a_transition_with_the_widths_that_routers_ask_for(name):
    pdk = activate(load_process(name))
    metals = [pdk.layers[f"M{k}"] for k in range(1, 6)]
    for k, lower in enumerate(metals):
        for upper in metals[k:]:
            made = pdk.layer_transitions[lower if upper == lower else (lower, upper)](width1=4.0, width2=6.0)
            ends = {port.name: port for port in made.ports}
            assert (ends["e1"].layer, ends["e1"].width, ends["e1"].orientation) == (lower, 4.0, 180)
            assert (ends["e2"].layer, ends["e2"].width, ends["e2"].orientation) == (upper, 6.0, 0)
    routing = pdk.get_cross_section("metal_routing")
    assert gf.get_layer(routing.layer) == metals[-1]


def test_every_pin_of_a_macro_is_a_port_at_its_border():
    """And ports of one net are one pin; lines leave on both sides."""
    activate(load_process("ebeam"))
    made = gf.get_component("hopfield_macro", neurons=4, weight_style="lines")
    nets = {"gnd": 2, "vdw": 2, **{f"dend_{k}": 1 for k in range(4)}, **{f"drive_{k}": 1 for k in range(4)}}
    nets |= {f"w_{i}_{j}": 1 for i in range(4) for j in range(4) if i != j}
    assert {pin.name: len(pin.ports) for pin in made.pins} == nets
    box = made.dbbox()
    edges = {180: (0, box.left), 0: (0, box.right), 90: (1, box.top), 270: (1, box.bottom)}
    for port in made.ports:
        axis, at = edges[int(port.orientation)]
        assert port.center[axis] == pytest.approx(at), port.name
        inside = kdb.Region(made.kdb_cell.begin_shapes_rec(port.layer)).merged()
        x, y = (round(v * 1000) for v in port.center)
        assert not (inside & kdb.Region(kdb.Box(x - 1, y - 1, x + 1, y + 1))).is_empty(), port.name


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"neurons": 1}, "network.neurons"),
        ({"neurons": 3, "patterns": "11"}, "2 bits, the network has 3"),
        ({"neurons": 2, "matrix": "0 1; a 0"}, "no numbers, found ' a 0'"),
        ({"patterns": "1" * 8, "matrix": "0"}, "give one of them"),
        ({"network": "[1"}, "network"),
        ({"network": "{streets: 3}"}, "network.streets"),
        ({"network": "seven\x07"}, "no mapping|network"),
        ({"weight_style": "x" * 400}, "weight_style"),
        ({"dendrite_width": 0.001}, "m3.width"),
        ({"process": "gold"}, "unknown preset"),
    ],
)
def test_bad_settings_of_a_macro_are_refused_in_a_line(settings, words):
    activate(load_process("ebeam"))
    with pytest.raises(InputError, match=words) as error:
        gf.get_component("hopfield_macro", **settings)
    assert len(error.value.lines) == 1 and len(str(error.value)) <= 200 and str(error.value).isprintable()


def test_layer_views_have_the_process_s_colours():
    process = load_process("ebeam")
    views = make_pdk(process).layer_views
    assert views.get_layer_views()["M3"].layer == process.layers["m3"].gds
