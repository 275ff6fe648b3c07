"""Wires that are fed from both sides, or have a strap, leave their net whole when they are cut: all the same told."""

import klayout.db as kdb
import pytest

import layouts
from hwlib.checks import lvs
from hwlib.design import Design
from tests.support.redrawing import REDRAWINGS

NETWORK = {"neurons": 4, "weights": {"random_patterns": 1}}
FORMS = ["flat", "split", "turned 1", "turned 6", "wrapped twice", "half the unit"]


class Drawn:
    """A drawn layout, flat, to take metal from."""

    def __init__(self, folder, **network):
        self.design = Design(name="fed", network={**NETWORK, **network}, seed=3)
        self.process = self.design.load_process()
        self.layout = kdb.Layout()
        self.layout.read(str(layouts.write_layout(layouts.hopfield(self.design), folder / "clean.oas")))
        self.top = self.layout.top_cell()
        self.layout.flatten(self.top.cell_index(), -1, True)
        pillars = self.region("pillar")
        self.array = pillars.bbox()
        self.pitch = min(p.bbox().left for p in pillars.each() if p.bbox().left > self.array.left) - self.array.left

    def shapes(self, layer):
        return self.top.shapes(self.layout.layer(*self.process.layers[layer].gds))

    def region(self, layer):
        return kdb.Region(self.shapes(layer)).merged()

    def texts(self, metal, net):
        shapes = self.top.shapes(self.layout.layer(*self.process.layers[metal].label))
        return [shape for shape in shapes.each() if shape.is_text() and shape.text_string == net]

    def wire_at(self, layer, text):
        return next(p.bbox() for p in self.region(layer).each() if p.inside(kdb.Point(text.text.x, text.text.y)))

    def wires_on(self, trunk, layer):
        """Wires that vias join to a trunk, from below or from the left."""
        cuts = self.region("v2").interacting(kdb.Region(trunk))
        boxes = [p.bbox() for p in self.region(layer).interacting(cuts).each()]
        return sorted(boxes, key=lambda box: (box.bottom, box.left))

    def take(self, layer, box):
        rest = self.region(layer) - kdb.Region(box)
        self.shapes(layer).clear()
        self.shapes(layer).insert(rest)

    def told(self, form="as drawn"):
        layout = REDRAWINGS[form](self.layout.dup())
        return lvs(layout, self.process, self.design)


def errors(findings):
    return [f.message for f in findings if f.severity == "error" and f.rule == "lvs.wire"]


@pytest.fixture
def drawn(tmp_path):
    return Drawn(tmp_path)


def near(finding, box, reach=0.1):
    """Whether a finding lies within 100 nm of a box of 1 nm units."""
    x, y = finding.x * 1e9, finding.y * 1e9
    return box.enlarged(round(reach * 1000), round(reach * 1000)).contains(kdb.Point(round(x), round(y)))


@pytest.mark.parametrize("form", FORMS)
def test_a_trunk_that_is_not_there(drawn, form):
    north = max(drawn.texts("m3", "gnd"), key=lambda s: s.text.y)
    trunk = drawn.wire_at("m3", north)
    north.delete()
    drawn.take("m3", trunk)
    drawn.take("v2", trunk)
    assert errors(drawn.told(form)) == ["ground has no trunk on this side (network.feeds)"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("metal", "net", "words"), [("m2", "vdw", "V_DW"), ("m2", "w_m1", "−W rail"), ("m3", "gnd", "ground")]
)
def test_a_trunk_in_two(drawn, form, metal, net, words):
    trunk = drawn.wire_at(metal, drawn.texts(metal, net)[0])
    middle = trunk.center()
    cut = (
        kdb.Box(trunk.left, middle.y - 30, trunk.right, middle.y + 30) if metal == "m2"
        else kdb.Box(middle.x - 30, trunk.bottom, middle.x + 30, trunk.top)
    )  # fmt: skip
    drawn.take(metal, cut)
    findings = drawn.told(form)
    assert errors(findings)[:1] == [f"a trunk of {words} is cut"]
    if form == "flat":
        assert any(near(f, cut) for f in findings)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("metal", "net", "layer", "message"),
    [
        ("m3", "gnd", "m2", "a column of ground"),
        ("m2", "vdw", "m3", "a row of V_DW"),
        ("m2", "w_p1", "m3", "a row of +W rail"),
    ],
)
@pytest.mark.parametrize("k", [0, 3])
def test_an_end_without_vias(drawn, form, metal, net, layer, message, k):
    trunk = drawn.wire_at(metal, drawn.texts(metal, net)[-1])
    end = drawn.wires_on(trunk, layer)[k] & trunk
    drawn.take("v2", end)
    findings = drawn.told(form)
    assert errors(findings) == [f"{message} is not joined to its trunk"]
    if form == "flat":
        assert near(next(f for f in findings if f.rule == "lvs.wire"), end)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("metal", "net", "layer", "words"),
    [
        ("m3", "gnd", "m2", "column of ground"),
        ("m2", "vdw", "m3", "row of V_DW"),
        ("m2", "w_p1", "m3", "row of +W rail"),
    ],
)
@pytest.mark.parametrize("share", [0.4, 0.8])
def test_a_wire_with_a_gap(drawn, form, metal, net, layer, words, share):
    """60 nm of a row or a column, in the middle, or between its last devices."""
    wire = drawn.wires_on(drawn.wire_at(metal, drawn.texts(metal, net)[0]), layer)[2]
    array = drawn.array
    if layer == "m2":
        y = round(array.bottom + share * array.height())
        cut = kdb.Box(wire.left, y - 30, wire.right, y + 30)
    else:
        x = round(array.left + share * array.width())
        cut = kdb.Box(x - 30, wire.bottom, x + 30, wire.top)
    drawn.take(layer, cut)
    findings = drawn.told(form)
    assert errors(findings) == [f"a {words} is cut"]
    if form == "flat":
        assert near(next(f for f in findings if f.rule == "lvs.wire"), cut)


@pytest.mark.parametrize(("wire", "net", "metal"), [("dendrite", "dend_2", "m3"), ("drive", "drive_1", "m2")])
@pytest.mark.parametrize("placement", ["diagonal", "centred"])
def test_a_wire_with_a_gap_under_its_strap(wire, net, metal, placement, tmp_path):
    straps = {"dendrite": {"metal": "m5"}, "drive": {"metal": "m4"}}
    drawn = Drawn(tmp_path, straps=straps, soma_placement=placement)
    assert drawn.told() == []
    label = drawn.texts("m5" if wire == "dendrite" else "m2", net)[0].text
    row = next(
        box for box in (p.bbox() for p in drawn.region(metal).each())
        if box.contains(kdb.Point(label.x, label.y)) and max(box.width(), box.height()) > 800
    )  # fmt: skip
    x, y = drawn.array.center().x + drawn.pitch, drawn.array.center().y + drawn.pitch
    cut = (
        kdb.Box(x - 20, row.bottom, x + 20, row.top)
        if wire == "dendrite"
        else kdb.Box(row.left, y - 20, row.right, y + 20)
    )
    if wire == "drive":  # beside its feeder
        cut = kdb.Box(label.x - 25, cut.bottom, label.x + 25, cut.top)
    drawn.take(metal, cut)
    words = {"dendrite": "a row of dendrite is cut", "drive": "a column of axon drive is cut"}[wire]
    assert errors(drawn.told()) == [words]


def test_two_rows_are_enough(tmp_path):
    drawn = Drawn(tmp_path, neurons=2)
    assert drawn.told() == []
    trunk = drawn.wire_at("m2", drawn.texts("m2", "vdw")[0])
    drawn.take("v2", drawn.wires_on(trunk, "m3")[1] & trunk)
    assert errors(drawn.told()) == ["a row of V_DW is not joined to its trunk"]


@pytest.mark.parametrize("form", ["flat", "turned 3"])
def test_wires_of_a_chip_around_are_no_part_of_the_array(drawn, form):
    """Trunks joined outside by metal beside them, a pad on a row, a bus beside the columns."""
    array = drawn.top.bbox()
    grounds = sorted((drawn.wire_at("m3", s) for s in drawn.texts("m3", "gnd")), key=lambda b: b.bottom)
    for trunk in grounds:
        drawn.shapes("m3").insert(kdb.Box(array.left - 400, trunk.bottom, trunk.left + 5, trunk.top))
    drawn.shapes("m3").insert(kdb.Box(array.left - 400, grounds[0].bottom, array.left - 300, grounds[1].top))
    drawn.shapes("m2").insert(kdb.Box(array.left - 400, grounds[0].bottom, array.left - 300, grounds[1].top))
    for k in range(4):
        y = array.bottom + 100 + 200 * k
        drawn.shapes("v2").insert(kdb.Box(array.left - 370, y, array.left - 340, y + 30))
    supply = sorted((drawn.wire_at("m2", s) for s in drawn.texts("m2", "vdw")), key=lambda b: b.left)
    for trunk in supply:
        drawn.shapes("m2").insert(kdb.Box(trunk.left, array.bottom - 400, trunk.right, trunk.bottom + 5))
    drawn.shapes("m2").insert(kdb.Box(supply[0].left, array.bottom - 400, supply[1].right, array.bottom - 300))
    assert [f for f in drawn.told(form) if f.severity == "error"] == []
