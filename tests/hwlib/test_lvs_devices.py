"""Devices in a comparison: as polygons give them, as the design asks for them, and as they are written."""

import itertools

import klayout.db as kdb
import networkx as nx
import numpy as np
import pytest
import xarray as xr

from hwlib.checks import lvs, reference_netlist
from hwlib.checks.connectivity import Extracted
from hwlib.checks.device_table import device_table
from hwlib.checks.identify import not_among
from hwlib.checks.lvs_reference import write_reference_spice
from hwlib.design import Design
from hwlib.drawing.reader import open_layout
from hwlib.nets import RAIL
from hwlib.network import TERMINALS
from hwlib.process import load_process
from hwlib.schematic import ideal_network
from hwlib.weights import weight_levels
from tests.support.drawn_network import ONE_SIDE, PX, PY, Drawing, draw_network

EBEAM = load_process("ebeam")
FIVE = Design(name="five", network={"neurons": 5, "feeds": ONE_SIDE}, seed=3)
TWO = Design(name="two", network={"neurons": 2, "feeds": ONE_SIDE}, seed=3)


def test_numbers_that_were_not_found():
    assert not_among(6, np.array([4, -1, 0, 4, 2])).tolist() == [1, 3, 5]
    assert not_among(2, np.array([1, 0])).tolist() == []


@pytest.mark.parametrize(("angle", "mirror"), list(itertools.product(range(4), (False, True))))
def test_devices_are_measured_alike_in_every_orientation(angle, mirror):
    draw = Drawing(EBEAM)
    top, cell = draw.layout.create_cell("top"), draw.layout.create_cell("device")
    for layer, *edges in [
        ("track", 0, 0, 150, 40), ("track", 96, 40, 112, 50), ("pin", 0, 0, 40, 40),
        ("vt", 5, 5, 35, 35), ("vt", 115, 5, 145, 35),
        ("pillar", 60, 0, 84, 40), ("read", 50, -5, 90, 45),
    ]:  # fmt: skip
        draw.box(cell, layer, *edges)
    where = kdb.Trans(angle, mirror, 1000, 2000)
    top.insert(kdb.CellInstArray(cell.cell_index(), where))
    extracted = Extracted(open_layout(draw.layout, EBEAM))
    table = device_table(extracted.lvs.netlist())
    values = {name: value[0] for name, value in table.parameters.items()}
    sizes = {"A": 42e-18, "L": 80e-9, "W": 24e-9, "X": 37e-9, "H": 40e-9, "N": 40e-9, "M": 50e-9}
    assert values == pytest.approx(sizes, rel=1e-9, abs=0)
    points = [where * kdb.Point(72, 20), where * kdb.Point(20, 20), where * kdb.Point(130, 20)]
    assert table.place[0] * 1000 == pytest.approx(np.array([(p.x, p.y) for p in points]))


def network_graph(network):
    """Nodes ``("net", name)`` and ``("device", post, pre)``, edges are terminals."""
    graph = nx.MultiGraph()
    nets = np.array(network.net_names)[network.node_net[network.terminals]]
    for post, pre, ends in zip(network.post.tolist(), network.pre.tolist(), nets.tolist(), strict=True):
        for terminal, net in zip(TERMINALS, ends, strict=True):
            graph.add_edge(("device", post, pre), ("net", net), terminal=terminal)
    return graph


def test_the_reference_is_what_the_design_says():
    """Against the paper's circuit written out again: axon (pre → post) and soma, net by net."""
    network = ideal_network(FIVE, EBEAM)
    graph, levels = network_graph(network), weight_levels(FIVE)
    ends = {
        (device[1], device[2], data["terminal"]): net[1]
        for device, net, data in ((a, b, d) if a[0] == "device" else (b, a, d) for a, b, d in graph.edges(data=True))
    }
    for post, pre in itertools.product(range(5), range(5)):
        soma = post == pre
        expected = {
            "DW_IN": f"dend_{post}" if soma else f"drive_{pre}",
            "DW_OUT": "gnd",
            "MTJ_IN": "vdw" if soma else RAIL.net_name(level=levels[post, pre]),
            "MTJ_OUT": f"drive_{post}" if soma else f"dend_{post}",
        }
        assert {t: ends[post, pre, t] for t in expected} == expected
    assert nx.is_connected(nx.Graph(graph))
    netlist = reference_netlist(FIVE, EBEAM)
    circuit = netlist.circuit_by_name("hopfield")
    device = circuit.device_by_name("d_1_3")
    assert [device.net_for_terminal(k).name for k in range(4)] == [ends[1, 3, t] for t in
                                                                 ("DW_IN", "DW_OUT", "MTJ_IN", "MTJ_OUT")]  # fmt: skip
    assert device.parameter("L") == pytest.approx(0.1) and device.parameter("A") == pytest.approx(5e-5)


def test_reference_spice_has_a_line_per_device(tmp_path):
    text = write_reference_spice(FIVE, EBEAM, tmp_path / "five.cir").read_text()
    joined = text.replace("\n+", "")
    calls = [line for line in joined.splitlines() if line.startswith("X")]
    assert len(calls) == 25
    assert sum(" gnd " in line for line in calls) == 25
    assert ".SUBCKT hopfield" in joined


def test_recognised_devices_are_written_with_drawn_sizes_and_places(tmp_path):
    draw = draw_network(FIVE)
    soma = draw.layout.cell("soma")
    draw.clear(soma, "pillar")
    draw.box(soma, "pillar", 327, 300, 346, 349)
    row = draw.layout.cell("line_4")  # whose axon 1→4 is taken away
    next(inst for inst in row.each_inst() if inst.trans.disp.x == PX).delete()
    assert lvs(draw.layout, EBEAM, FIVE, devices=tmp_path / "devices.nc")
    with xr.open_dataset(tmp_path / "devices.nc", engine="netcdf4") as found:
        table = found.load().set_index(device=["post", "pre"])
    assert np.isnan(table.x.sel(post=4, pre=1)) and table.x.notnull().sum() == 24
    here = table.sel(post=2, pre=2)
    assert (float(here.x) * 1e9, float(here.y) * 1e9) == pytest.approx((2 * PX + 336.5, 2 * PY + 324.5), abs=0.51)
    values = [float(here[name]) for name in ("pillar_width", "pillar_height", "pillar_centre", "track_length")]
    assert values == pytest.approx([19e-9, 49e-9, 51.5e-9, 100e-9])
    axon = table.sel(post=3, pre=1)
    assert (float(axon.x), float(axon.y)) == pytest.approx(((PX + 335) * 1e-9, (3 * PY + 325) * 1e-9))
    assert float(axon.track_area) == pytest.approx(50e-18, rel=1e-9, abs=0) and table.track_area.units == "m2"


@pytest.mark.parametrize("missing", [("dend_0", "drive_0"), ("dend_1", "drive_0")], ids="-".join)
@pytest.mark.parametrize("turn", range(8))
def test_two_neurons_without_labels_are_told_apart_in_every_orientation(missing, turn):
    """One device alone has both of its names: its labels say which way its row runs."""
    layout = draw_network(TWO).layout
    for cell in layout.each_cell():
        for layer in layout.layer_indexes():
            for shape in [s for s in cell.shapes(layer).each(kdb.Shapes.STexts) if s.text.string in missing]:
                shape.delete()
    layout.transform(kdb.Trans(turn & 3, turn >= 4, 0, 0))
    assert sorted((f.rule, f.message.split("'")[1]) for f in lvs(layout, EBEAM, TWO)) == [
        ("lvs.label", net) for net in missing
    ]


@pytest.mark.parametrize("missing", [("dend",), ("drive", "vdw", "w_"), ("dend", "drive")], ids="-".join)
@pytest.mark.parametrize("turn", range(8))
def test_a_class_of_nets_without_labels_is_all_that_is_told(missing, turn):
    """A soma tells both of a neuron's nets by either name; without any, no device is said to be another's."""
    layout = draw_network(FIVE).layout
    for cell in layout.each_cell():
        for layer in layout.layer_indexes():
            for shape in list(cell.shapes(layer).each(kdb.Shapes.STexts)):
                if shape.text.string.startswith(missing):
                    shape.delete()
    layout.transform(kdb.Trans(turn & 3, turn >= 4, 0, 0))
    assert {f.rule for f in lvs(layout, EBEAM, FIVE)} == {"lvs.label"}
    other = Design(name="other", network={"neurons": 5, "feeds": ONE_SIDE}, seed=4)
    told = missing == ("dend",)  # where weights have names and devices theirs
    assert {f.rule for f in lvs(layout, EBEAM, other)} == ({"lvs.label", "lvs.weight"} if told else {"lvs.label"})
