"""The PDK of a process: cells by name, layers, stack, connectivity, technology files."""

from xml.etree import ElementTree

import gdsfactory as gf
import klayout.db as kdb
import pytest

from hwlib.technology import write_technology
from layouts.pdk import activate, make_pdk
from hwlib.process import load_process, preset_names

CELLS = {"dw_track", "mtj_pillar", "dw_mtj", "soma", "axon", "synapse", "neuron", "via_stack", "pad"}


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
    assert technology.dbu == pytest.approx(1e-3)  # the layout's, whatever the grid
    assert technology.layer_properties_file == f"{name}.lyp"
    stack = ElementTree.parse(path).find("connectivity")
    assert "m1,v1,m2" in [one.text for one in stack.findall("connection")]
    shown = {one.findtext("source") for one in ElementTree.parse(tmp_path / f"{name}.lyp").findall("properties")}
    assert {f"{layer.gds[0]}/{layer.gds[1]}@1" for layer in process.layers.values()} <= shown


def test_layer_views_have_the_process_s_colours():
    process = load_process("ebeam")
    views = make_pdk(process).layer_views
    assert views.get_layer_views()["M3"].layer == process.layers["m3"].gds
