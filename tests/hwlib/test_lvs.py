"""Layout versus schematic on a network drawn by hand: what is connected, and what the findings say when it is not."""

import multiprocessing
from collections import Counter

import klayout.db as kdb
import numpy as np
import pytest

from hwlib.checks import graph_comparison, lvs, lvs_beside, lvs_engine
from hwlib.checks.layout_view import view_in_bands, view_whole
from hwlib.checks.locate import Locator
from hwlib.checks.lvs_engine import Comparison
from hwlib.checks.lvs_reference import drawn_parameters
from hwlib.design import Design
from hwlib.drawing.reader import open_layout
from hwlib.errors import InputError
from hwlib.process import load_process
from hwlib.schematic import ideal_network
from hwlib.weights import weight_levels
from tests.support.drawn_network import ONE_SIDE, PX, PY, draw_network, place_nm

EBEAM = load_process("ebeam")
FIVE = Design(name="five", network={"neurons": 5, "feeds": ONE_SIDE}, seed=3)


def check(change, design=FIVE, **options):
    draw = draw_network(design)
    change(draw, draw.layout.top_cell())
    return lvs(draw.layout, EBEAM, design, **options)


@pytest.mark.parametrize(("neurons", "patterns"), [(2, 1), (3, 2), (5, 1), (12, 2)])
def test_a_layout_of_its_design_has_no_findings(neurons, patterns):
    weights = {"random_patterns": patterns}
    design = Design(name="clean", network={"neurons": neurons, "weights": weights, "feeds": ONE_SIDE}, seed=neurons)
    assert lvs(draw_network(design).layout, EBEAM, design, topology=True) == []


def test_another_weight_matrix_is_found_at_every_synapse_that_differs():
    other = Design(name="other", network={"neurons": 5, "feeds": ONE_SIDE}, seed=4)
    findings = lvs(draw_network(FIVE).layout, EBEAM, other)
    drawn, wanted = weight_levels(FIVE), weight_levels(other)
    rails = {1: "+W rail", -1: "−W rail"}
    expected = {
        f"axon {pre}→{post}: weight contact is on {rails[drawn[post, pre]]} instead of {rails[wanted[post, pre]]}"
        for post, pre in np.argwhere(drawn != wanted)
    }
    assert expected and {f.message for f in findings} == expected
    assert {f.rule for f in findings} == {"lvs.weight"}


def _short_columns(draw, top):
    draw.box(top, "m2", 2 * PX + 80, 2 * PY + 100, 2 * PX + 440, 2 * PY + 140)


def test_a_short_is_named_and_found():
    (finding,) = check(_short_columns)
    assert finding.message == "ground and drive 2 are connected"
    assert finding.rule == "lvs.short"
    assert place_nm(finding) == (2 * PX + 260, 2 * PY + 120)


def test_a_cut_trunk_is_named_and_found():
    def cut(draw, top):
        shapes = top.shapes(draw.layout.layer(*EBEAM.layers["m2"].gds))
        trunk = next(s for s in shapes.each() if s.bbox() == kdb.Box(-120, 0, -80, 5 * PY))
        trunk.box = kdb.Box(-120, 0, -80, 2 * PY + 300)
        draw.box(top, "m2", -120, 2 * PY + 360, -80, 5 * PY)

    (finding,) = check(cut)
    assert finding.message == "V_DW is broken: 3 device ends are cut off, the first: soma 2: V_DW contact"
    assert place_nm(finding) == (-100, 2 * PY + 330)


def test_missing_vias_are_named_at_each_device():
    findings = check(lambda draw, top: draw.clear(draw.layout.cell("soma"), "vr"))
    assert [f.message for f in findings] == [
        f"soma {i}: read electrode is not connected to drive {i}" for i in range(5)
    ]
    assert {f.rule for f in findings} == {"lvs.open"}
    for i, finding in enumerate(findings):
        assert abs(finding.x * 1e9 - i * PX - 335) < 60 and abs(finding.y * 1e9 - i * PY - 440) < 60


def test_swapped_ends_are_named():
    def turn(draw, top):
        draw.clear(draw.layout.cell("soma"), "pin")
        draw.box(draw.layout.cell("soma"), "pin", 380, 300, 420, 350)

    findings = check(turn)
    assert [f.rule for f in findings] == ["lvs.swapped"] * 5
    assert findings[3].message.startswith("soma 3: the two ends of its track are swapped")


def test_wrong_sizes_are_named_with_their_values():
    def shift(draw, top):
        soma = draw.layout.cell("soma")
        draw.clear(soma, "pillar")
        draw.box(soma, "pillar", 327, 300, 346, 349)

    findings = check(shift)
    sizes = {f.message.split(": ")[1]: (f.measured, f.required) for f in findings if f.message.startswith("soma 2")}
    assert sizes == {
        "pillar width along the track is 19 nm instead of 20": pytest.approx((19e-9, 20e-9)),
        "pillar centre from the DW_IN contact is 51.5 nm instead of 50": pytest.approx((51.5e-9, 50e-9)),
        "pillar width across the track is 49 nm instead of 50": pytest.approx((49e-9, 50e-9)),
    }


def test_a_track_of_uneven_width_is_named_though_its_mean_is_right():
    def pinch(draw, top):
        soma = draw.layout.cell("soma")
        layer = draw.layout.layer(*EBEAM.layers["track"].gds)
        track = kdb.Region(soma.begin_shapes_rec(layer)).merged()
        draw.clear(soma, "track")
        narrow, wide = kdb.Box(290, 0, 310, 312), kdb.Box(360, 350, 380, 362)
        soma.shapes(layer).insert(track - kdb.Region(narrow) + kdb.Region(wide))

    (finding,) = [f for f in check(pinch) if "soma 2" in f.message]
    assert (finding.rule, finding.severity) == ("lvs.size", "error")
    assert finding.message == "soma 2: the track is 38 to 62 nm wide instead of 50"
    assert (finding.measured, finding.required) == pytest.approx((38e-9, 50e-9))


def test_a_wrong_drive_is_named_in_the_users_terms():
    """One axon's drive end led past its own column to the next one."""

    def cross(draw, top):
        row = draw.layout.cell("line_4")
        inst = next(inst for inst in row.each_inst() if inst.trans.disp.x == PX)
        copy = inst.cell.dup()
        inst.cell_index = copy.cell_index()
        shapes = copy.shapes(draw.layout.layer(*EBEAM.layers["v1"].gds))
        next(s for s in shapes.each() if s.bbox() == kdb.Box(50, 310, 80, 340)).delete()
        draw.box(row, "m1", PX + 100, 300, PX + 150, 680)
        draw.box(row, "m1", PX + 100, 640, 2 * PX + 90, 680)
        draw.box(row, "v1", 2 * PX + 50, 645, 2 * PX + 80, 675)

    (finding,) = check(cross)
    assert finding.message == "axon 1→4: drive end is on drive 2 instead of drive 1"
    assert finding.rule == "lvs.terminal"
    assert place_nm(finding) == (PX + 270, 4 * PY + 325)


def test_a_drive_end_on_a_dendrite_is_named_in_the_users_terms():
    six = Design(name="six", network={"neurons": 6, "feeds": ONE_SIDE}, seed=3)

    def lead(draw, top):
        row = draw.layout.cell("line_5")
        inst = next(inst for inst in row.each_inst() if inst.trans.disp.x == 3 * PX)
        copy = inst.cell.dup()
        inst.cell_index = copy.cell_index()
        shapes = copy.shapes(draw.layout.layer(*EBEAM.layers["v1"].gds))
        next(s for s in shapes.each() if s.bbox() == kdb.Box(50, 310, 80, 340)).delete()
        x, low, high = 3 * PX, 4 * PY, 5 * PY
        draw.box(top, "v1", x + 200, high + 310, x + 230, high + 340)
        draw.box(top, "m2", x + 190, low + 185, x + 240, high + 350)
        draw.box(top, "v2", x + 200, low + 195, x + 230, low + 225)

    (finding,) = check(lead, six)
    assert finding.message == "axon 3→5: drive end is on dendrite 4 instead of drive 3"
    assert place_nm(finding) == (3 * PX + 270, 5 * PY + 325)


def _relabel(draw, top, old, new):
    for name in ("m2", "m3"):
        for shape in list(top.shapes(draw.layout.layer(*EBEAM.layers[name].label)).each()):
            if shape.text.string == old:
                shape.text = kdb.Text(new, shape.text.trans)


def test_a_text_that_is_no_net_name_is_a_remark_but_its_wire_has_no_name():
    findings = check(lambda draw, top: _relabel(draw, top, "dend_1", "dendrite_1"))
    assert [(f.severity, f.message) for f in findings] == [
        ("warning", "text 'dendrite_1' on the labels of m3 is no net name"),
        ("error", "dendrite 1 has no label 'dend_1' that lies on its wire"),
    ]


def test_a_remark_beside_the_names_is_a_warning():
    label = EBEAM.layers["m3"].label
    (finding,) = check(lambda draw, top: top.shapes(draw.layout.layer(*label)).insert(kdb.Text("v2", 5, 7)))
    assert finding.severity == "warning" and place_nm(finding) == (5, 7)


def test_a_name_of_a_net_that_the_design_lacks():
    findings = check(lambda draw, top: _relabel(draw, top, "dend_1", "dend_7"))
    assert [f.message for f in findings if f.severity == "error"] == [
        "label 'dend_7' is no net of this design",
        "dendrite 1 has no label 'dend_1' that lies on its wire",
    ]


def test_a_label_on_no_metal():
    layer = EBEAM.layers["m3"].label
    (finding,) = check(lambda draw, top: top.shapes(draw.layout.layer(*layer)).insert(kdb.Text("dend_1", -3000, 7)))
    assert (finding.rule, finding.severity, finding.message) == ("lvs.label", "error", "label 'dend_1' lies on no m3")
    assert place_nm(finding) == (-3000, 7)


def test_incomplete_devices():
    def remove(draw, top):
        _one_contact(draw, top)
        draw.box(top, "pillar", 5 * PX + 200, 0, 5 * PX + 220, 50)

    findings = check(remove)
    messages = [f.message for f in findings]
    assert messages.count("a track with 1 contacts, a device has two") == 5
    assert messages.count("a pillar that is on no track or under no read electrode") == 1
    assert "the layout has 20 devices, the design 25" in messages
    assert "soma 4 is missing or is no complete device" in messages
    missing = next(f for f in findings if f.message.startswith("soma 4"))
    assert place_nm(missing) == (4 * PX + 335, 4 * PY + 325)


def test_a_layout_of_another_size_is_said_once_and_listed():
    six = Design(name="six", network={"neurons": 6, "feeds": ONE_SIDE}, seed=3)
    messages = [f.message for f in lvs(draw_network(FIVE).layout, EBEAM, six)]
    assert "the layout has 25 devices, the design 36" in messages
    assert "dendrite 5 has no label 'dend_5' that lies on its wire" in messages


def test_places_of_gaps_are_looked_for_among_so_many_pieces_and_every_gap_is_told(monkeypatch):
    """A macro that is placed again and again has each of its nets in many pieces."""
    layout = draw_network(FIVE).layout
    chip, macro = layout.create_cell("chip"), layout.cell("hand")
    chip.insert(kdb.CellInstArray(macro.cell_index(), kdb.Trans(), kdb.Vector(9000, 0), kdb.Vector(0, 9000), 3, 2))
    found, looked, gap = {}, [], Locator.gap
    monkeypatch.setattr(Locator, "gap", lambda *arguments: looked.append(1) or gap(*arguments))
    for allowed in (lvs_engine.LOOKED_AT, 30):
        monkeypatch.setattr(lvs_engine, "LOOKED_AT", allowed)
        looked.clear()
        found[allowed] = Counter((f.rule, f.message) for f in lvs(layout, EBEAM, FIVE, topology=False)), len(looked)
    (every, often), (same, seldom) = found.values()
    assert same == every and sum(n for (rule, _), n in every.items() if rule == "lvs.open") == 5 * 14
    assert seldom == 5 and often == 5 * 14  # six pieces of each of 14 nets


def test_no_labels_is_one_clear_line(tmp_path):
    draw = draw_network(FIVE)
    for name in ("m2", "m3"):
        draw.layout.top_cell().shapes(draw.layout.layer(*EBEAM.layers[name].label)).clear()
    draw.layout.write(str(tmp_path / "mute.gds"))
    with pytest.raises(InputError, match=r"mute\.gds: no net labels; LVS needs gnd, vdw, dend_0.*m3 14/10"):
        lvs(tmp_path / "mute.gds", EBEAM, FIVE)


def _cut_column(draw, top):
    row = draw.layout.cell("line_2")
    inst = next(inst for inst in row.each_inst() if inst.trans.disp.x == 3 * PX)
    copy = inst.cell.dup()
    inst.cell_index = copy.cell_index()
    shapes = copy.shapes(draw.layout.layer(*EBEAM.layers["m2"].gds))
    next(s for s in shapes.each() if s.bbox() == kdb.Box(40, 0, 90, PY)).box = kdb.Box(40, 0, 90, PY - 60)


def _no_vias(draw, top):
    draw.clear(draw.layout.cell("soma"), "vr")


def _one_contact(draw, top):
    draw.clear(draw.layout.cell("soma"), "vt")
    draw.box(draw.layout.cell("soma"), "vt", 255, 310, 285, 340)


@pytest.mark.parametrize(("bands", "workers"), [(2, 2), (3, 1), (5, 3)])
@pytest.mark.parametrize("change", [None, _short_columns, _cut_column, _no_vias, _one_contact])
def test_reading_in_bands_finds_the_same(change, bands, workers):
    reference = ideal_network(FIVE, EBEAM)
    found = []
    for read in (view_whole, lambda drawing: view_in_bands(drawing, bands, workers=workers)):
        draw = draw_network(FIVE)
        if change:
            change(draw, draw.layout.top_cell())
        drawing = open_layout(draw.layout, EBEAM)
        view = read(drawing)
        assert len(drawing.layout.top_cells()) == 1
        findings = Comparison(view, reference, drawn_parameters(reference, FIVE), FIVE).run()
        found.append(sorted((f.rule, f.message.split(", the first")[0]) for f in findings))
    assert found[0] == found[1]
    assert bool(found[0]) == (change is not None)


def test_graphs_alone_find_what_names_would_miss(monkeypatch):
    """With the comparison by names silenced, KLayout's own still tells a swapped weight and a shorted pair."""
    other = Design(name="other", network={"neurons": 5, "feeds": ONE_SIDE}, seed=4)
    layout = draw_network(FIVE).layout
    monkeypatch.setattr(Comparison, "run", lambda self: [])
    assert lvs(layout, EBEAM, FIVE) == []
    (finding,) = lvs(layout, EBEAM, other)
    assert finding.rule == "lvs.topology" and finding.severity == "error"
    assert [f.rule for f in check(_short_columns)] == ["lvs.topology"]
    assert check(_short_columns, topology=False) == []


def _endless(*_, **__):
    while True:
        pass


def test_a_comparison_of_graphs_that_does_not_end_is_stopped_and_said_to_be(monkeypatch, tmp_path):
    monkeypatch.setattr(graph_comparison, "_compare", _endless)
    monkeypatch.setattr(graph_comparison, "SECONDS", 0.05)
    path = tmp_path / "five.lvsdb"
    path.write_text("of another layout")
    (finding,) = lvs(draw_network(FIVE).layout, EBEAM, FIVE, database=path)
    assert (finding.rule, finding.severity) == ("lvs.topology", "warning")
    assert finding.message == "the netlists are not compared as graphs: the comparison was stopped after 0.175 s"
    assert not path.exists() and multiprocessing.active_children() == []


@pytest.mark.parametrize("of", ["database", "devices"])
def test_files_that_cannot_be_written_are_refused_before_the_layout_is_read(of, tmp_path):
    with pytest.raises(InputError, match=f"^{tmp_path}: cannot write there \\(it is a folder\\)$"):
        lvs("none.gds", EBEAM, FIVE, **{of: tmp_path})


def test_graphs_are_compared_while_the_block_goes_on(monkeypatch):
    here, there = multiprocessing.get_context("fork").Pipe()
    monkeypatch.setattr(graph_comparison, "_compare", lambda *_, **__: there.recv())
    for alike in (True, False):
        with lvs_beside(draw_network(FIVE).layout, EBEAM, FIVE) as findings:
            here.send(alike)  # nobody else lets the comparison end
            assert [f.rule for f in findings()] == ([] if alike else ["lvs.topology"])
    assert multiprocessing.active_children() == []


def test_the_database_is_read_back_and_graphs_differ_without_names(tmp_path):
    draw = draw_network(FIVE)
    assert lvs(draw.layout, EBEAM, FIVE, database=tmp_path / "clean.lvsdb") == []
    again = kdb.LayoutVsSchematic()
    again.read(str(tmp_path / "clean.lvsdb"))
    (pair,) = again.xref().each_circuit_pair()
    assert pair.status() == kdb.NetlistCrossReference.Match
    assert sum(1 for _ in again.xref().each_device_pair(pair)) == 25
    assert check(lambda draw, top: draw.clear(draw.layout.cell("soma"), "vr"), database=tmp_path / "bad.lvsdb")
    again = kdb.LayoutVsSchematic()
    again.read(str(tmp_path / "bad.lvsdb"))
    assert all(p.status() != kdb.NetlistCrossReference.Match for p in again.xref().each_circuit_pair())
