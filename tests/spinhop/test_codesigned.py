"""The designs that ship as working: the small one from its file, and what is kept, told and refused."""

from __future__ import annotations

import json
import re

import pytest

from hwlib.design import load_design
from hwlib.quantities import parse_quantity
from sim.tasks.graphs import read_graph, write_graph
from sim.tasks.rudy import g05
from spinhop import codesigned
from spinhop.codesigned import codesigned_paths, measure
from spinhop.codesigned_page import codesigned_page, result_rows
from spinhop.commands import codesigned_commands
from spinhop.designs.design_fields import plain_fields
from spinhop.optimize.search_space import axes_of, candidate, own_values
from spinhop.optimize.trial_evaluation import STAGES, Judged
from spinhop.run_folder.provenance import code_version, sources_hash
from tests.support.compiling_line import without_compiling

SMALL = "recall_13_copper"


def held(**values):
    bounds = [{"name": "current.m1", "unit": "A", "formula": "", "value": 99e-6, "limit": 1e-4, "margin": 0.01}]
    given = {"time": 2e-7, "energy": 1e-9, "edp": 2e-16, "area": 2e-9, "accuracy": 1.0, "rest_rate": 1.0}
    return Judged(violations=[0.0] * len(STAGES), values=given | values, bounds=bounds)


def test_the_small_one_holds_from_its_file(spinhop, tmp_path):
    """Drawn, checked, extracted and simulated; the page says what the files of results say."""
    page = tmp_path / "page.md"
    code, out, err = spinhop("codesigned", SMALL, "-o", tmp_path / "out", "--markdown", page, "--json")
    assert (code, without_compiling(err)) == (0, "")
    (row,) = json.loads(out)["designs"]
    (found,) = row["judged"]
    assert row["holds"] and found["violations"] == [0.0] * len(STAGES)
    assert found["values"]["accuracy"] == found["values"]["rest_rate"] == 1.0
    assert 40e-9 < found["values"]["time"] < 100e-9 and found["values"]["energy"] < 0.1e-9
    stored = json.loads((tmp_path / "out" / f"{SMALL}.json").read_text())["judged"]
    assert stored["values"] == found["values"]
    line = next(line for line in page.read_text().splitlines() if line.startswith(f"| {SMALL} "))
    assert f"{1e9 * found['values']['time']:.4g} ns" in line and "100.0 % of the bits right, 100 % at rest" in line


@pytest.mark.parametrize("path", codesigned_paths(), ids=lambda path: path.stem)
def test_no_design_has_what_it_may_not_have(path):
    """Nothing is waived; R_M is the process's sheet resistance times the squares; the task asks for all of it."""
    design = load_design(path)
    assert design.name == path.stem and not design.waivers and design.search is None
    assert design.device.track_resistance is None and design.device.r_parallel is None
    assert design.device.tmr == 3.0 and design.device.polarization == 0.7  # Table I's materials
    assert design.task.required > 0.85


@pytest.mark.parametrize("path", sorted((codesigned.FOLDER / "searches").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_search_leads_to_its_design(path):
    """What a shipped search found lies on its axes, and is else what the search began with."""
    design, begun = load_design(codesigned_paths([path.stem])[0]), load_design(path)
    axes = axes_of(begun, path.stem)
    found = own_values(design, axes)
    assert set(found) == {axis.name for axis in axes}
    again = candidate(begun, axes, found)
    assert plain_fields(again) == plain_fields(design)


def test_what_is_known_is_not_done_again(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(codesigned, "judged", lambda path: asked.append(path.stem) or held())
    paths = codesigned_paths([SMALL])
    first = measure(paths, tmp_path)
    assert measure(paths, tmp_path) == first and asked == [SMALL]
    (tmp_path / f"{SMALL}.json").write_text('{"key": ')
    assert measure(paths, tmp_path) == first and asked == [SMALL] * 2
    measure(paths, tmp_path, fresh=True)
    monkeypatch.setattr(codesigned, "code_version", lambda *names: "other")
    measure(paths, tmp_path)
    assert asked == [SMALL] * 4


def test_a_shipped_graph_is_the_generators():
    """Edges and weights: the file is what the project itself makes of the library's seed."""
    shipped, made = read_graph(codesigned.FOLDER / "g05_60_0.txt"), g05(60, 0)
    assert list(shipped.edges(data="weight")) == list(made.edges(data="weight", default=1))
    assert set(shipped) == set(made) == set(range(60))


def test_each_graph_has_voltages_of_its_own(monkeypatch, tmp_path):
    """Those of a shipped max-cut design make up for the wires of one graph's weights; the others find theirs."""
    write_graph(g05(60, 0), tmp_path / "first.txt")
    text = "name: cuts\nprocess: copper_thick\ntask: {kind: maxcut, graph: first.txt}\n"
    (tmp_path / "cuts.yaml").write_text(text + "compensation: {v_dw: 400 mV}\n")
    found, asked = [], []

    def compensated(path, out, **options):
        assert load_design(path).compensation is None and not options["compare"]
        found.append((load_design(path).task.graph, out))

    monkeypatch.setattr("spinhop.designs.compensating.compensate_design", compensated)
    monkeypatch.setattr(codesigned, "judged", lambda path: asked.append(path) or held())
    monkeypatch.setattr(codesigned, "GRAPHS", 3)
    (result,) = measure([tmp_path / "cuts.yaml"], tmp_path / "out", workers=1)
    assert len(result.judged) == 3 and [out for _, out in found] == asked
    assert [graph for graph, _ in found] == [f"g05_60_{k}.txt" for k in range(3)]
    (tmp_path / "cuts.yaml").write_text(text)
    measure([tmp_path / "cuts.yaml"], tmp_path / "out", workers=1)
    assert len(found) == 3 and len(asked) == 6, "without a compensation none is found"


def test_another_design_is_no_other_code(monkeypatch, tmp_path):
    """Results of one design stay good when another is added beside it; a source file is another matter."""
    package = tmp_path / "room_of_designs"
    (package / "codesigned").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)

    def found():
        sources_hash.cache_clear()
        return code_version("room_of_designs")

    first = found()
    (package / "codesigned" / "new.yaml").write_text("name: new\n")
    assert found() == first
    versions = {first}
    for source in ("new.py", "model.va"):
        (package / source).write_text("")
        versions.add(found())
    assert len(versions) == 3
    sources_hash.cache_clear()


def test_one_that_fails_is_told(monkeypatch, spinhop, tmp_path):
    broken = Judged(violations=[0.0, 0.0, 0.0, 0.5, 10.0], why="vdw.window: V_DW is outside")
    monkeypatch.setattr(codesigned, "judged", lambda path: broken)
    results = measure(codesigned_paths([SMALL]), tmp_path / "out")
    assert not results[0].holds and "vdw.window: V_DW is outside" in result_rows(results)[0]
    assert "not simulated" in codesigned_page(results)
    code, out, _ = spinhop("codesigned", SMALL, "-o", tmp_path / "out")
    assert code == 1 and "not simulated" in out


def test_the_table_says_mean_and_nearest_limit(monkeypatch, tmp_path):
    monkeypatch.setattr(codesigned, "judged", lambda path: held())
    (row,) = result_rows(measure(codesigned_paths([SMALL]), tmp_path))
    assert row[2:5] == ["200 ns", "1 nJ", "2000 µm²"] and row[-2:] == ["all hold", "current.m1, 1 % left"]


def test_rows_of_other_designs_stay(monkeypatch, tmp_path):
    """The page of one design run again has the others as they were, but for those that ship no more."""
    monkeypatch.setattr(codesigned, "judged", lambda path: held())
    both = measure(codesigned_paths([SMALL, "recall_29_copper"]), tmp_path, workers=1)
    before = codesigned_page(both)
    assert codesigned_page([], before, [SMALL, "recall_29_copper"]) == before
    monkeypatch.setattr(codesigned, "judged", lambda path: held(time=3e-7))
    again = measure(codesigned_paths([SMALL]), tmp_path / "again")
    assert codesigned_page(again, before, [SMALL, "recall_29_copper"]) == codesigned_page([*again, both[1]])
    assert codesigned_page(again, before, [SMALL]) == codesigned_page(again)
    broken = Judged(violations=[0.0, 0.0, 0.0, 0.5, 10.0], why="vdw.window: V_DW is outside")
    monkeypatch.setattr(codesigned, "judged", lambda path: broken)
    again = measure(codesigned_paths([SMALL]), tmp_path / "broken")
    found = codesigned_page(again, before, [SMALL])
    assert found == codesigned_page(again) and "current.m1" not in found, "what it no longer has"


def test_no_such_design(spinhop, tmp_path):
    code, _, err = spinhop("codesigned", "recall_9", "-o", tmp_path / "out")
    assert code == 2 and err.startswith("spinhop: codesigned: no design 'recall_9'; there are ")
    assert len(err.splitlines()) == 1 and not (tmp_path / "out").exists()


def test_restarts_of_the_page_are_within_5_microseconds():
    """What `make codesigned` last wrote of ten graphs: a mean gap of at most 1 %, within 5 µs and 300 nJ."""
    page = (codesigned.FOLDER.parents[1] / "docs" / "codesigned.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| cuts_60_copper_thick_restarts "))
    _, result, time, energy, *_, rules, _ = (cell.strip() for cell in row.strip("| \n").split(" | "))
    share, rest = (float(each) for each in re.findall(r"([\d.]+) %", result))
    assert share >= 99 and rest == 100 and rules == "all hold"
    assert parse_quantity(time, "s") <= 5e-6 * (1 + 1e-9) and parse_quantity(energy, "J") <= 300e-9


def test_the_page_is_written_though_nobody_reads_the_output(tmp_path, monkeypatch):
    def gone(data):
        raise BrokenPipeError

    monkeypatch.setattr("spinhop.codesigned.measure", lambda *args, **options: [])
    monkeypatch.setattr("spinhop.console.print_json", gone)
    with pytest.raises(BrokenPipeError):
        codesigned_commands.codesigned(out=tmp_path, markdown=tmp_path / "page.md", json=True)
    assert (tmp_path / "page.md").read_text()
