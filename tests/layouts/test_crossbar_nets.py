"""Every device of the drawn crossbar hangs on the nets it should: traced by KLayout from the file's polygons."""

import klayout.db as kdb
import numpy as np
import pytest

import layouts
from hwlib.design import Design
from hwlib.process import load_process
from hwlib.sections.network_fields import NetworkFields
from hwlib.sections.weight_fields import Weights
from hwlib.weights import weight_levels
from tests.support.fitting import ESTIMATES

STACK = [("vt", "m1"), ("pillar", "m1"), ("vr", "m1"), ("read", "vr"), ("m1", "v1"), ("v1", "m2"), ("m2", "v2"),
         ("v2", "m3"), ("m3", "v3"), ("v3", "m4"), ("m4", "v4"), ("v4", "m5")]  # fmt: skip


def trace(path, process):
    """Return (per device: position, its four nets' names), and all net names that carry a label."""
    layout = kdb.Layout()
    layout.read(str(path))
    top = layout.top_cell()
    net_finder = kdb.LayoutToNetlist(kdb.RecursiveShapeIterator(layout, top, []))
    regions, texts = {}, {}
    for name, layer in process.layers.items():
        regions[name] = net_finder.make_polygon_layer(layout.layer(*layer.gds), name)
        if layer.label:
            texts[name] = net_finder.make_text_layer(layout.layer(*layer.label), f"{name}_label")
    for name in {name for pair in STACK for name in pair}:
        net_finder.connect(regions[name])
    for first, second in STACK:
        net_finder.connect(regions[first], regions[second])
    for name, text in texts.items():
        net_finder.connect(regions[name], text)
    net_finder.extract_netlist()

    def flat(name):
        return kdb.Region(top.begin_shapes_rec(layout.layer(*process.layers[name].gds))).merged()

    def net(layer, box):
        found = net_finder.probe_net(regions[layer], box.center())
        return found.expanded_name() if found else None

    contacts, pins, pillars, tracks = flat("vt"), flat("pin"), flat("pillar"), flat("track")
    devices = []
    for track in tracks.each():
        own = kdb.Region(track)
        ends = contacts.interacting(own)
        (source,) = [p.bbox() for p in ends.interacting(pins).each()]
        (drain,) = [p.bbox() for p in ends.not_interacting(pins).each()]
        (pillar,) = [p.bbox() for p in pillars.interacting(own).each()]
        nets = (net("vt", source), net("vt", drain), net("pillar", pillar), net("read", pillar))
        devices.append((pillar.center(), nets))
    circuit = net_finder.netlist().circuit_by_name(top.name)
    names = [one.name for one in circuit.each_net() if one.name]
    return devices, names


def drawn(tmp_path, n, style, placement, process, **network):
    design = Design(
        name="drawn", process=process, seed=7,
        network=NetworkFields(neurons=n, weight_style=style, soma_placement=placement, **network),
    )  # fmt: skip
    path = layouts.write_layout(layouts.hopfield(design), tmp_path / "drawn.gds")
    return design, path, load_process(process)


def level_name(level):
    return "w_0" if level == 0 else ("w_p" if level > 0 else "w_m") + f"{abs(level):g}".replace(".", "p")


@pytest.mark.parametrize("process", ESTIMATES)
@pytest.mark.parametrize("placement", ["diagonal", "centred"])
@pytest.mark.parametrize("style", ["rails", "lines"])
@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_every_terminal_is_on_its_net(tmp_path, n, style, placement, process):
    patterns = 2 if n > 3 else 1
    design, path, p = drawn(tmp_path, n, style, placement, process, weights=Weights(random_patterns=patterns))
    levels = weight_levels(design)
    devices, names = trace(path, p)
    assert len(devices) == n * n
    # Rows are told by height and columns by place: sort by y, then by x within each group of n.
    devices.sort(key=lambda d: d[0].y)
    expected_names = {"gnd", "vdw"}
    for i in range(n):
        row = sorted(devices[i * n : (i + 1) * n], key=lambda d: d[0].x)
        for j, (_, nets) in enumerate(row):
            weight = f"w_{i}_{j}" if style == "lines" else level_name(levels[i, j])
            if i == j:
                expected = (f"dend_{i}", "gnd", "vdw", f"drive_{i}")
            else:
                expected = (f"drive_{j}", "gnd", weight, f"dend_{i}")
            assert nets == expected, (i, j)
            expected_names |= set(expected)
    # Each name is on exactly one piece of metal, and nothing else is labelled.
    assert sorted(names) == sorted(expected_names)


def test_a_weight_matrix_of_several_levels_is_programmed(tmp_path):
    matrix = ((0.0, 1.0, -1.05), (2.0, 0.0, 0.0), (-1.05, 1.0, 0.0))
    _, path, p = drawn(tmp_path, 3, "rails", "diagonal", "ebeam", weights=Weights(matrix=matrix))
    devices, _ = trace(path, p)
    devices.sort(key=lambda d: (d[0].y, d[0].x))
    weights = np.array([nets[2] for _, nets in devices]).reshape(3, 3)
    assert weights.tolist() == [["vdw", "w_p1", "w_m1p05"], ["w_p2", "vdw", "w_0"], ["w_m1p05", "w_p1", "vdw"]]


def test_the_tracer_sees_a_cut_wire_and_a_short(tmp_path):
    """The tracer above can fail: a cut dendrite and a bridge between two drives change what it reports."""
    _, path, p = drawn(tmp_path, 3, "rails", "diagonal", "ebeam")
    layout = kdb.Layout()
    layout.read(str(path))
    top = layout.top_cell()
    drives = [s.text for s in top.shapes(layout.layer(*p.layers["m2"].label)).each() if s.text.string[:5] == "drive"]
    first, second = (next(t for t in drives if t.string == f"drive_{k}") for k in (0, 1))
    bridge = kdb.Box(first.x, first.y - 20, second.x, first.y)
    top.shapes(layout.layer(*p.layers["m2"].gds)).insert(bridge)
    shorted = tmp_path / "shorted.gds"
    layout.write(str(shorted))
    _, names = trace(shorted, p)
    assert "drive_0" not in names
    assert any("drive_0" in name and "drive_1" in name for name in names)
