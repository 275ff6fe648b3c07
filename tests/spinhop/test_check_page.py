"""The page of a check: what is found in a broken layout is listed, and marked where it is."""

import html
import json
from pathlib import Path
from xml.etree import ElementTree

import klayout.db as kdb
import klayout.rdb as rdb
import numpy as np
import pytest
from PIL import Image

from hwlib.checks.places import marked_boxes
from hwlib.findings import Finding
from hwlib.process import load_process
from layouts import render
from sim.rules import rule_names
from spinhop import check_stages
from spinhop.checking import check_design
from spinhop.pages import layout_shapes
from spinhop.pages.window_plot import write_window_plot
from spinhop.running import run_design
from spinhop.verdicts import point_tables

DESIGN = "name: small\nnetwork: {neurons: 3}\n"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("check_page")
    design = folder / "small.yaml"
    design.write_text(DESIGN)
    return design, run_design(design, "layout", out=folder / "run").path("layout.gds")


@pytest.mark.parametrize("large", [False, True])
def test_violation_is_listed_and_shown_where_it_was_planted(drawn, tmp_path, monkeypatch, large):
    """In the page's layout, and in a picture where that is too large for a page."""
    design, gds = drawn
    if large:
        monkeypatch.setattr(layout_shapes, "MOST_NUMBERS", 0)
    layout = kdb.Layout()
    layout.read(str(gds))
    m2 = layout.layer(12, 0)
    layout.top_cell().shapes(m2).insert(kdb.DBox(5.0, 5.0, 5.01, 5.5))  # 10 nm wide, far from everything
    edited = tmp_path / "edited.gds"
    layout.write(str(edited))
    checked = check_design(design, out=tmp_path / "run", layout=edited)
    assert checked.failed
    text, pictures = checked.page.read_text(), list(checked.folder.glob("violation_*.png"))
    assert "m2.width" in text
    assert ("data:image/png;base64" in text) == bool(pictures) == large != ('id="layout-data"' in text)
    found = [f for f in checked.findings["drc"] if f.rule == "m2.width"]
    left, bottom, right, top = marked_boxes(edited, found)[0]
    assert 4.99e-6 < left <= right < 5.02e-6 and 4.99e-6 < bottom <= top < 5.51e-6
    assert json.loads((tmp_path / "run" / "drc.json").read_text())[0]["rule"].startswith("m2.")


def test_marker_of_a_cell_sits_in_its_first_instance(tmp_path):
    layout = kdb.Layout()
    top, cell = layout.create_cell("top"), layout.create_cell("cell")
    cell.shapes(layout.layer(1, 0)).insert(kdb.Box(0, 0, 100, 100))
    top.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(kdb.Trans.R90, 1000, 2000)))
    path = tmp_path / "two.gds"
    layout.write(str(path))
    finding = Finding("drc", "m1.width", "", cell="cell", x=10e-9, y=20e-9, width=20e-9, height=40e-9)
    expected = (1000 - 40, 2000, 1000, 2000 + 20)  # a quarter turn: (x, y) → (1000 − y, 2000 + x)
    assert np.allclose(marked_boxes(path, [finding])[0], np.array(expected) * 1e-9)


def test_mark_is_drawn_in_red(drawn, tmp_path):
    plain, marked = tmp_path / "plain.png", tmp_path / "marked.png"
    render(drawn[1], plain, load_process("ebeam"))
    render(drawn[1], marked, load_process("ebeam"), marks=[(0.5e-6, 0.5e-6, 0.6e-6, 0.6e-6)])

    def red(path):
        pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
        return int(((pixels[..., 0] > 240) & (pixels[..., 1] < 30) & (pixels[..., 2] < 30)).sum())

    assert red(plain) == 0 and red(marked) > 100


@pytest.fixture(scope="module")
def waived(tmp_path_factory):
    """A small design whose V_DW is too low, which it waives, with everything a check leaves."""
    folder = tmp_path_factory.mktemp("waived")
    design = folder / "waived.yaml"
    design.write_text(
        "name: waived\nnetwork: {neurons: 3}\noperating_point: {v_dw: 12 mV}\n"
        "waivers: {vdw.window: bench device without axons}\n"
    )
    return check_design(design, out=folder / "run")


def test_every_rule_is_on_the_page_with_margin_formula_source_and_waiver(waived):
    text = html.unescape(waived.page.read_text())
    for name in ("erc_ideal", "erc_drawn"):
        for row in waived.points[name]["rules"]:
            assert row["formula"] and row["source"] and row["severity"] in ("error", "warning")
            for cell in (row["rule"], row["formula"], row["source"], point_tables.verdict(row)):
                assert cell in text, row["rule"]
    assert "bench device without axons" in text
    assert "None" not in text and "nan" not in text


def test_windows_are_told_neuron_by_neuron(waived):
    drawn = waived.points["erc_drawn"]["values"]
    rows = point_tables.window_rows(waived.points["erc_drawn"], most=10)
    assert [row[0] for row in rows] == ["0", "1", "2"]
    for k, row in enumerate(rows):
        assert row[1] == f"{1e3 * drawn['low'][k]:.4g} … {1e3 * drawn['high'][k]:.4g} mV"
        assert row[2] == f"{500 * (drawn['low'][k] + drawn['high'][k]):.4g} mV"
        margin = min(0.012 - drawn["low"][k], drawn["high"][k] - 0.012) / 0.012
        assert row[3] == f"{100 * margin:+.1f} %".replace("-", "−")
        assert row[4].startswith(f"axon {k}→") and row[5].startswith(f"axon {k}→")
    worst = min(range(3), key=lambda k: drawn["margin"][k])
    assert point_tables.window_rows(waived.points["erc_drawn"], most=1)[0][0] == str(worst)
    said = "\n".join(point_tables.window_summary(waived.points))
    assert f"recommended, is {1e3 * drawn['recommended_v_dw']:.4g} mV" in said
    assert f"closes at about N = {drawn['closes_at']}" in said and "outside" in said  # eq. (4) of three neurons


def test_windows_are_drawn_to_scale(tmp_path):
    """Bars stand from one end of a window to the other, lines at their voltage; a window that is closed is a cross."""
    values = {"low": [0.1, 0.3, 0.5], "high": [0.4, 0.9, 0.45], "v_dw": 0.35, "eq4": 0.2, "recommended_v_dw": None}
    path = write_window_plot(tmp_path / "w.svg", {"erc_ideal": {"values": values}})
    root = ElementTree.parse(path).getroot()
    texts = root.findall("{*}text")
    volts = {text.text: float(text.get("y")) - 4 for text in texts if text.get("text-anchor") == "end"}
    bottom, unit = volts["0"], (volts["0"] - volts["400"]) / 0.4
    bars = [rect for rect in root.findall("{*}rect") if rect.get("fill") == "#b9c4d6"][:-1]  # the last is the legend's
    ends = [(float(r.get("y")) + float(r.get("height")), float(r.get("y"))) for r in bars]
    assert np.allclose((bottom - np.array(ends)) / unit, [(0.1, 0.4), (0.3, 0.9)], atol=1e-4)
    lines = [each.get("d") for each in root.findall("{*}path") if each.get("stroke-dasharray") and "H" in each.get("d")]
    heights = [float(line.split()[1].partition("H")[0]) for line in lines]
    assert np.allclose((bottom - np.array(heights)) / unit, [0.35, 0.2], atol=1e-4)  # V_DW as set, eq. (4)
    named = {text.text for text in texts}
    assert {"closed, ideal wires", "V_DW as set", "V_DW (mV)"} <= named and "recommended" not in named


def test_databases_of_the_operating_point_mark_every_rule_that_does_not_hold(waived):
    layout = kdb.Layout()
    layout.read(str(waived.folder / "layout.gds"))
    around = layout.top_cell().dbbox()
    for name in ("erc_ideal", "erc_drawn"):
        database = rdb.ReportDatabase("again")
        database.load(str(waived.folder / f"{name}.lyrdb"))
        found = {}
        for item in database.each_item():
            values = list(item.each_value())
            found[database.category_by_id(item.category_id()).name()] = values[-1].string()
            assert [value.is_box() for value in values] == [True, False]
            assert around.contains(values[0].box().center())
            assert database.cell_by_id(item.cell_id()).name() == "waived"
        missed = {row["rule"]: row for row in waived.points[name]["rules"] if row["status"] != "pass"}
        assert set(found) == set(missed) and {"vdw.window", "leak.axon_size"} <= set(missed)
        assert found["vdw.window"].startswith("waived: ") and "bench device" in found["vdw.window"]
        assert f"margin −{-100 * missed['leak.axon_size']['margin']:.1f} %" in found["leak.axon_size"]


def test_worst_device_of_ideal_wires_lies_where_it_is_drawn(waived):
    place = {row["where"]: (row["x"], row["y"]) for row in waived.points["erc_drawn"]["rules"]}
    same = [row for row in waived.points["erc_ideal"]["rules"] if row["where"] in place and " " in row["where"]]
    assert len(same) > 3
    for row in same:
        assert (row["x"], row["y"]) == pytest.approx(place[row["where"]], abs=1e-10)


def test_terminal_shows_rules_windows_and_the_waiver(waived, capsys):
    from spinhop.commands import check_commands

    check_commands._print_findings(waived.findings["erc_ideal"])
    check_commands._print_points(waived.points, whole=True)
    text = capsys.readouterr().out
    assert "waived: vdw.window:" in text and "(waived: bench device without axons)" in text
    lines = {line.split()[0]: line for line in text.splitlines() if line and line[0].isalpha()}
    for row in waived.points["erc_drawn"]["rules"]:
        assert point_tables.verdict(row) in lines[row["rule"]] and row["where"] in lines[row["rule"]]
    table = text[text.index("operating point:") :]
    assert max(map(len, table.splitlines())) < 130  # a table that a terminal shows without wrapping


def test_terminal_shows_the_rules_that_decide_and_all_of_them_when_asked(waived, capsys):
    from spinhop.commands import check_commands

    check_commands._print_points(waived.points)
    text = capsys.readouterr().out
    shown = {line.split()[0] for line in text.splitlines() if line and line[0].isalpha()}
    rows = [row for point in waived.points.values() for row in point["rules"]]
    missed = {row["rule"] for row in rows if row["status"] != "pass"}
    held = {row["rule"] for row in rows} - missed
    finite = [row for row in rows if row["rule"] in held and row["margin"] is not None]
    margins = {row["rule"]: min(r["margin"] for r in finite if r["rule"] == row["rule"]) for row in finite}
    nearest = sorted(margins, key=lambda rule: margins[rule])[: check_commands.MOST_RULES]
    assert missed <= shown and held & shown == set(nearest)
    assert f"{len(held) - len(nearest)} more rules hold, with more room; --all prints them" in text


def test_findings_of_a_wrong_netlist_are_in_its_databases(drawn, tmp_path):
    design, gds = drawn
    layout = kdb.Layout()
    layout.read(str(gds))
    pin = layout.layer(2, 0)
    soma = layout.cell("soma")
    marker = next(soma.shapes(pin).each()).bbox()
    track = next(soma.shapes(layout.layer(1, 0)).each()).bbox()
    soma.shapes(pin).clear()
    soma.shapes(pin).insert(kdb.Box(track.right - (marker.right - track.left), marker.bottom, track.right, marker.top))
    layout.write(str(tmp_path / "swapped.gds"))
    checked = check_design(design, out=tmp_path / "run", layout=tmp_path / "swapped.gds")
    assert checked.failed and "erc_drawn" in checked.skipped and "erc_drawn" not in checked.points
    assert {f.rule for f in checked.findings["lvs"]} == {"lvs.swapped"}
    database = rdb.ReportDatabase("again")
    database.load(str(tmp_path / "run" / "lvs.lyrdb"))
    texts = [list(item.each_value())[-1].string() for item in database.each_item()]
    assert len(texts) == 3 and any(text.startswith("soma 2: the two ends") for text in texts)
    again = kdb.LayoutVsSchematic()
    again.read(str(tmp_path / "run" / "lvs.lvsdb"))
    assert all(p.status() != kdb.NetlistCrossReference.Match for p in again.xref().each_circuit_pair())


def test_large_layouts_get_no_lvs_database_but_are_told_so(drawn, tmp_path, monkeypatch):
    monkeypatch.setattr(check_stages, "DATABASE_DEVICES", 8)
    checked = check_design(drawn[0], out=tmp_path / "run", layout=drawn[1])
    assert not (tmp_path / "run" / "lvs.lvsdb").exists() and (tmp_path / "run" / "lvs.lyrdb").exists()
    assert checked.skipped["lvs_database"].startswith("the network has more than 8 devices")


def _nothing(layout):
    layout.clear()
    layout.create_cell("nothing")


def _other_process(layout):
    layout.clear()
    layout.create_cell("chip").shapes(layout.layer(68, 20)).insert(kdb.Box(0, 0, 100, 100))


def _two_tops(layout):
    layout.create_cell("second").shapes(layout.layer(10, 0)).insert(kdb.Box(0, 0, 100, 100))


def _mute(layout):
    for index, info in zip(layout.layer_indexes(), layout.layer_infos(), strict=True):
        if info.datatype == 10:
            layout.top_cell().shapes(index).clear()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_nothing, "bad.gds: the layout is empty"),
        (_other_process, "bad.gds: nothing on layer track (1/0) of process ebeam, the layout uses 68/20"),
        (_two_tops, "bad.gds: 2 top cells (second, small)"),
        (_mute, "bad.gds: no net labels; LVS needs gnd, vdw, dend_0, drive_0"),
    ],
)
def test_layout_that_cannot_be_checked_is_one_line_and_leaves_nothing(drawn, tmp_path, spinhop, change, says):
    layout = kdb.Layout()
    layout.read(str(drawn[1]))
    change(layout)
    layout.write(str(tmp_path / "bad.gds"))
    code, out, err = spinhop("check", drawn[0], "--layout", tmp_path / "bad.gds", "--out", tmp_path / "run")
    assert code == 2 and out == ""
    assert err.startswith("spinhop: ") and f"/{says}" in err and err.count("\n") == 1  # a long path is shortened
    assert not (tmp_path / "run").exists()


def test_exit_code_of_an_edited_layout(drawn, tmp_path, spinhop):
    """Clean as drawn; 1 after one via is taken away in KLayout, in either output."""
    design = tmp_path / "small.yaml"
    design.write_text(DESIGN + "waivers: {current.m1: 254 of 240 µA in the worst start only}\n")
    assert spinhop("check", design, "--layout", drawn[1], "--out", tmp_path / "clean")[0] == 0
    layout = kdb.Layout()
    layout.read(str(drawn[1]))
    vias = layout.cell("soma").shapes(layout.layer(*load_process("ebeam").layers["vr"].gds))
    vias.clear()
    layout.write(str(tmp_path / "edited.gds"))
    arguments = ("check", design, "--layout", tmp_path / "edited.gds", "--out", tmp_path / "edited")
    code, out, _ = spinhop(*arguments)
    assert code == 1 and "error: lvs.open: soma 2: read electrode is not connected to drive 2" in out
    code, out, _ = spinhop(*arguments, "--json")
    assert code == 1 and json.loads(out)["failed"] is True
    assert set(json.loads(out)["operating_point"]) == {"erc_ideal"}


@pytest.mark.parametrize(
    ("name", "hint"),
    [("vdw.windows", "did you mean 'vdw.window'?"), ("odd.rule", "allowed: vdw.window, vdw.eq4")],
)
def test_waiver_of_an_unknown_rule_is_refused_by_every_command(tmp_path, spinhop, monkeypatch, name, hint):
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(DESIGN + f"waivers: {{{name}: no reason at all}}\n")
    line = len(DESIGN.splitlines()) + 1
    for command in ("check", "run", "layout", "recall", "characterise", "compensate", "order", "spice", "views"):
        code, out, err = spinhop(command, "small.yaml", "--out", "made")
        assert (code, out, len(err.splitlines())) == (2, "", 1) and len(err) <= 200
        assert f"small.yaml:{line}: waivers.{name}: no such operating-point rule; {hint}" in err
    assert not Path("made").exists()


def test_documentation_names_every_operating_point_rule():
    text = (Path(check_stages.__file__).parents[1] / "docs" / "checks.md").read_text(encoding="utf-8")
    for rule in rule_names(load_process("ebeam")):
        layered = rule.startswith("current.") and rule not in ("current.track", "current.load_any")
        assert f"`{'current.<layer>' if layered else rule}`" in text, rule
