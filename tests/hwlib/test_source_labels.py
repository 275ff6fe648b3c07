"""Labels are where sources attach: as many of each net as the design has pins, whatever else is there."""

import klayout.db as kdb
import pytest

import layouts
from hwlib.checks import lvs
from hwlib.design import Design

DESIGN = Design(name="fed", network={"neurons": 4, "weights": {"random_patterns": 1}}, seed=3)
PROCESS = DESIGN.load_process()


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    layout = kdb.Layout()
    layout.read(str(layouts.write_layout(layouts.hopfield(DESIGN), tmp_path_factory.mktemp("fed") / "clean.oas")))
    return layout


def label_layer(layout, metal):
    return layout.layer(*PROCESS.layers[metal].label)


def texts(layout, net):
    top = layout.top_cell()
    indices = [label_layer(layout, metal) for metal in ("m2", "m3")]
    return [
        (index, shape) for index in indices for shape in top.shapes(index).each() if shape.text_string == net
    ]  # fmt: skip


def labels_told(layout):
    return [(f.rule, f.severity, f.message) for f in lvs(layout, PROCESS, DESIGN)]


@pytest.mark.parametrize(("net", "words"), [("vdw", "V_DW"), ("gnd", "ground"), ("w_p1", "+W rail")])
def test_one_of_two_labels_is_missed(clean, net, words):
    layout = clean.dup()
    texts(layout, net)[0][1].delete()
    ((rule, severity, message),) = labels_told(layout)
    assert (rule, severity) == ("lvs.label", "warning")
    assert message.startswith(f"{words} has 1 label, the design 2")


@pytest.mark.parametrize(
    ("net", "metal", "found", "wanted"), [("dend_0", "m3", 2, 1), ("gnd", "m2", 3, 2)], ids=["dendrite", "ground"]
)
def test_one_more_label_is_told_where_it_is(clean, net, metal, found, wanted):
    layout = clean.dup()
    wires = kdb.Region(layout.top_cell().begin_shapes_rec(layout.layer(*PROCESS.layers[metal].gds))).merged()
    (_, shape), array = texts(layout, net)[0], layout.top_cell().bbox()
    if net == "gnd":  # amid a column
        through = kdb.Region(layout.top_cell().begin_shapes_rec(layout.layer(*PROCESS.layers["v2"].gds)))
        trunk = kdb.Region(kdb.Box(array.left, array.bottom, array.right, array.bottom + 200))
        column = next(w.bbox() for w in wires.interacting(through & trunk).each() if w.bbox().height() > 1000)
        at = column.center()
    else:  # at the far end of its row
        row = next(w.bbox() for w in wires.each() if w.inside(kdb.Point(shape.text.x, shape.text.y)))
        at = kdb.Point(row.right - 20, row.center().y)
    layout.top_cell().shapes(label_layer(layout, metal)).insert(kdb.Text(net, kdb.Trans(at.x, at.y)))
    (finding,) = lvs(layout, PROCESS, DESIGN)
    assert (finding.rule, finding.severity) == ("lvs.label", "warning")
    assert f"has {found} labels apart, the design {wanted}" in finding.message


def _moved(layout, net, *, to, metal):
    """The last label of a net at another place."""
    shape = texts(layout, net)[-1][1]
    shape.delete()
    layout.top_cell().shapes(label_layer(layout, metal)).insert(kdb.Text(net, kdb.Trans(to.x, to.y)))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("net", "where", "message"),
    [
        ("vdw", "trunk", "V_DW has a label on one side of the array alone, the design on two sides (network.feeds)"),
        ("w_p1", "trunk", "+W rail has a label on one side of the array alone, the design on two sides"),
        ("vdw", "row", "V_DW has a label within the array, the design at its edge: sources attach there"),
        ("dend_1", "row", "dendrite 1 has a label within the array, the design at its edge: sources attach there"),
    ],
)
def test_a_label_elsewhere_on_its_net_is_told(clean, net, where, message, turned):
    """As many as the design has pins: their number told nothing."""
    layout = clean.dup()
    top, devices = layout.top_cell(), layout.layer(*PROCESS.layers["pillar"].gds)
    first, array = texts(layout, net)[0][1].text, top.bbox(devices)
    if where == "trunk":  # the other end of the trunk that has the first label
        _moved(layout, net, to=kdb.Point(first.x, first.y + 800), metal="m2")
    else:
        wires = kdb.Region(top.begin_shapes_rec(layout.layer(*PROCESS.layers["m3"].gds))).merged()
        amid = kdb.Region(array) & wires.interacting(_net_metal(layout, first, net))
        _moved(layout, net, to=next(amid.each()).bbox().center(), metal="m3")
    if turned:
        layout.transform(kdb.Trans.R90)
    (finding,) = lvs(layout, PROCESS, DESIGN)
    assert (finding.rule, finding.severity) == ("lvs.label", "warning") and finding.message.startswith(message)


def _net_metal(layout, label, net):
    """What tells a net's rows: vias on the trunk that has its label, or the label itself."""
    at = kdb.Region(kdb.Box(label.x - 1, label.y - 1, label.x + 1, label.y + 1))
    if net.startswith("dend"):
        return at
    trunks = kdb.Region(layout.top_cell().begin_shapes_rec(layout.layer(*PROCESS.layers["m2"].gds))).merged()
    vias = kdb.Region(layout.top_cell().begin_shapes_rec(layout.layer(*PROCESS.layers["v2"].gds)))
    return vias.interacting(trunks.interacting(at))


def test_a_drive_is_fed_by_its_soma_wherever_its_label_is(clean):
    layout = clean.dup()
    at = texts(layout, "drive_1")[0][1].text
    _moved(layout, "drive_1", to=kdb.Point(at.x, at.y - 600), metal="m2")
    assert labels_told(layout) == []


def test_labels_at_one_pin_are_one(clean):
    layout = clean.dup()
    for net in ("vdw", "gnd", "dend_1", "drive_2"):
        for index, shape in texts(layout, net):
            for step in ((0, 0), (8, 0), (0, 5)):
                layout.top_cell().shapes(index).insert(shape.text.moved(*step))
    assert labels_told(layout) == []


def test_the_chip_may_join_pins_and_have_the_label(clean):
    """One label on a wire beyond the macro in place of those inside."""
    layout = clean.dup()
    (index, first), (_, second) = texts(layout, "gnd")
    at, left = first.text, layout.top_cell().bbox().left
    y, other = at.y, second.text.y
    first.delete()
    second.delete()
    chip = layout.create_cell("chip")
    chip.insert(kdb.CellInstArray(next(c for c in layout.top_cells() if c.name != "chip").cell_index(), kdb.Trans()))
    metal = chip.shapes(layout.layer(*PROCESS.layers["m3"].gds))
    for each in (y, other):
        metal.insert(kdb.Box(left - 500, each - 30, at.x + 5, each + 30))
    metal.insert(kdb.Box(left - 500, min(y, other) - 30, left - 400, max(y, other) + 30))
    chip.shapes(index).insert(kdb.Text("gnd", kdb.Trans(left - 450, y)))
    assert labels_told(layout) == []
