"""Atlases: first failures against looking at every size, the similarity law on drawn wires, stops and bad input."""

from __future__ import annotations

import json
import re
import time

import numpy as np
import pytest
import xarray as xr

import layouts
import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.extraction import extract
from hwlib.process import preset_text
from hwlib.schematic import ideal_network
from spinhop.atlas import atlas_figure, atlas_points, make_atlas
from spinhop.atlas.atlas_points import TaskPoint
from spinhop.atlas.first_failures import RuleEdges, SimulatedEdge
from spinhop.atlas.sized_design import Curve, sized, slowed
from spinhop.verdicts.verdict import FAILS, UNDETERMINED, WORKS, TrialCounts
from tests.support.described import assert_described
from tests.support.processes import start, stop

BASE = Design(name="base", network={"neurons": 4}, task={"trials": 2, "time_limit": 6e-7})
ROUGH = """
name: rough
process: rough.yaml
network: {neurons: 4}
task: {trials: 2, time_limit: 600 ns}
"""


def drawn(design, folder):
    path = layouts.write_layout(layouts.hopfield(design, design.load_process()), folder / f"{design.process}.oas")
    return extract(path, design.load_process(), design)


def walked(first, largest):
    """First failures found by asking for what is wanted, of rules that fail from some N on."""
    known = {}
    while sizes := RuleEdges(known, largest).wanted():
        for n in sizes:
            margins = {rule: -1.0 if n >= at else 1.0 for rule, at in first.items()}
            known[n] = {"margins": margins, "errors": list(first), "closes_at": None}
    return RuleEdges(known, largest), len(known)


@pytest.mark.parametrize("largest", [4, 5, 13, 48, 200])
def test_first_failures_are_those_of_every_size(largest):
    first = {f"rule.{at}": at for at in (5, 6, 7, 23, 24, 25, 47, 48, 49, 199)} | {"current.m1": 9, "rule.never": 10**6}
    edges, looked = walked(first, largest)
    for rule, at in first.items():
        assert edges.edge(rule)[1] == (at if at <= largest else None), rule
    assert edges.works_below() == ((5, "rule.5") if largest >= 5 else (None, ""))
    assert edges.wears_from() == ((9, "current.m1") if largest >= 9 else (None, ""))
    assert looked <= 10 + 6 * len(first) and edges.remaining() == 0


@pytest.mark.parametrize("edge", [4, 5, 17, 31, 40, 60])
@pytest.mark.parametrize("foretold", [None, 4, 16, 38])
def test_simulation_closes_in_on_the_edge_wherever_the_rules_put_it(edge, foretold):
    low, high, _ = simulated_edge(foretold, lambda n: WORKS if n < edge else FAILS)
    if edge > 48:
        assert (low, high) == (48, None)
    elif edge == 4:
        assert (low, high) == (None, 4)
    else:
        assert low < edge <= high and high - low == 1


@pytest.mark.parametrize(("first", "last"), [(4, 4), (4, 6), (9, 9), (17, 30), (40, 48), (4, 48)])
@pytest.mark.parametrize("foretold", [None, 4, 16, 38])
def test_sizes_that_hang_on_rounding_neither_work_nor_fail(first, last, foretold):
    """Both sides of an undetermined part of the edge are closed in on; a part that no trial fell into is not known."""

    def word(n):
        return WORKS if n < first else UNDETERMINED if n <= last else FAILS

    low, high, unsure = simulated_edge(foretold, word)
    assert low is None or low < first
    assert high is None or high > last
    assert set(unsure) <= set(range(first, last + 1))
    if unsure:
        assert (low or 3) == unsure[0] - 1 and (high or 49) == unsure[-1] + 1
    else:
        assert high - low == 1, "edge jumped over"


def simulated_edge(foretold, word):
    """Works, fails and undetermined sizes found by simulating what is asked for."""
    verdicts = {}
    while (n := SimulatedEdge(verdicts).next(foretold, 48)) is not None:
        assert n not in verdicts and 4 <= n <= 48 and len(verdicts) < 20
        verdicts[n] = word(n)
    edge = SimulatedEdge(verdicts)
    return edge.works, edge.fails, edge.undetermined


def test_a_simulated_size_that_hangs_on_rounding_is_said_to_be_undetermined(monkeypatch):
    """Eight neurons on ideal wires in place of drawn ones: as good as ideal ones, but for a start that ties."""
    monkeypatch.setattr(atlas_points, "draw_and_extract", lambda design: ideal_network(design, design.load_process()))
    for patterns, ties, word in ((3, 1, UNDETERMINED), (1, 0, WORKS)):
        network = {"neurons": 4, "weights": {"random_patterns": patterns}}
        base = Design(name="base", network=network, task={"trials": 2, "time_limit": 6e-7})
        design = sized(base, "copper", "rails", 8)
        trials = sim.recall(ideal_network(design, design.load_process()), design, design.load_process())
        assert int(trials["undetermined"].sum()) == ties and trials["at_rest"].all()
        (found,) = atlas_points.computed(TaskPoint(base, 8, Curve("copper", "rails", 1.0)))
        assert found["verdict"] == word


@pytest.mark.parametrize(
    ("drawn", "ideal", "word"),
    [
        ([1, 1], [1, 1], WORKS), ([0.5, 1], [0.5, 1], WORKS), ([0.5, 1], [1, 1], FAILS),
        ([None, 1], [1, 1], UNDETERMINED), ([None, 0.5], [1, 1], FAILS), ([None, 1], [0.0, 1], WORKS),
        ([0.5, 1], [None, 1], UNDETERMINED), ([1, 1], [None, None], WORKS),
    ],
)  # fmt: skip
def test_undetermined_trials_count_either_way(drawn, ideal, word):
    """None: undetermined, whatever it came to."""

    def counts(shares):
        unsure = np.array([share is None for share in shares])
        return TrialCounts(np.full(len(shares), True), np.array([s or 0.0 for s in shares]), unsure)

    assert atlas_points.as_good(counts(drawn), counts(ideal), 0.95) == word


def test_the_similarity_law_on_drawn_wires(tmp_path):
    """R_P, R_AP, R_M and wires × s, leaks / s: what the network does is equal to 1e-9, times are × s, currents / s."""
    design, s = sized(BASE, "copper", "lines", 6), 7.0
    network = drawn(design, tmp_path)
    slow, its = slowed(design, network, Curve("copper", "lines", s, scaled=True))
    process = design.load_process()
    one, far = ({o.rule: o for o in sim.judge(net, d, process).outcomes} for net, d in ((network, design), (its, slow)))
    for rule in ("vdw.window", "leak.soma", "leak.load", "drive.pattern", "drive.path", "ir.dendrite", "ir.drive"):
        assert far[rule].margin == pytest.approx(one[rule].margin, rel=1e-9), rule
    assert far["current.m1"].measured == pytest.approx(one["current.m1"].measured / s, rel=1e-9)
    here, there = (sim.run_task(net, d, process) for net, d in ((network, design), (its, slow)))
    np.testing.assert_allclose(there["time_to_solution"], s * here["time_to_solution"], rtol=1e-6)
    np.testing.assert_allclose(there["energy_source"].sum("source"), here["energy_source"].sum("source"), rtol=1e-6)
    alone = slowed(design, network, Curve("copper", "lines", s))[1]
    wider = {o.rule: o.margin for o in sim.judge(alone, slow, process).outcomes}
    assert wider["vdw.window"] > one["vdw.window"].margin, "wires as they are weigh less"


def test_coarse_metals_get_the_shortest_track_that_fits(tmp_path):
    design = sized(BASE, "sky130", "rails", 4)
    assert design.device.track_length == pytest.approx(710e-9)  # as tests of the preset have it
    assert design.task.time_limit == pytest.approx(7.1 * BASE.task.time_limit)
    assert drawn(design, tmp_path).neurons == 4
    assert sized(BASE, "copper", "rails", 4).device == BASE.device


@pytest.fixture(scope="module")
def rough(tmp_path_factory):
    """Wires so bad that the window closes at a size that is drawn in no time."""
    folder = tmp_path_factory.mktemp("atlas")
    text = preset_text("copper").replace("sheet_resistance: 0.4 ohm", "sheet_resistance: 8 ohm")  # m2 and m3
    (folder / "rough.yaml").write_text(text)
    (folder / "base.yaml").write_text(ROUGH)
    seen = []
    found = make_atlas(
        folder / "base.yaml", folder / "out", processes=["rough.yaml"], styles=["rails"], s=[2.0], largest=12,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    return folder, found, seen


def test_an_atlas_says_what_each_size_says(rough, tmp_path):
    """The edge of every rule, judged again size by size."""
    folder, found, seen = rough
    base = Design.model_validate(BASE.model_dump() | {"process": "rough.yaml"}, context={"unread": True})
    base = base.placed(folder)
    one, two = found.rows
    assert (one["s"], two["s"]) == (1.0, 2.0) and one["works_below"] < two["works_below"]
    assert two["scaled_wires"] == one["works_below"] == one["scaled_wires"], "the similarity law"
    with xr.open_dataset(found.data) as data:
        first = data["first_failure"].sel(process="rough.yaml", style="rails", s=1.0).dropna("rule")
        assert {"vdw.window", "ir.drive"} <= set(first["rule"].values.tolist())
        assert float(data["works_below"].sel(s=2.0).squeeze()) == two["works_below"]
        assert data.attrs["seed"] == "1" and "klayout" in data.attrs["versions"]
        failures = {str(rule): int(n) for rule, n in zip(first["rule"].values, first.values, strict=True)}
    assert_described(found.data)
    edge = failures["vdw.window"]
    for n in (edge - 1, edge):
        design = sized(base, "rough.yaml", "rails", n)
        report = sim.judge(drawn(design, tmp_path), design, design.load_process())
        broken = {o.rule for o in report.outcomes if not o.passed}
        assert ("vdw.window" in broken) == (n == edge)
    assert one["simulated_works"] < one["simulated_fails"], "there is an edge, and it was simulated"
    assert seen[-1][0] == seen[-1][1] and all(done <= total for done, total in seen)
    table = found.table.read_text()
    assert f"| `rough.yaml` | rails | 1 | {one['works_below']} | `{one['limited_by']}` |" in table
    assert f"| `vdw.window` | {edge} |" in table
    assert found.figure.stat().st_size > 1000 and found.figure.with_suffix(".png").exists()


def test_the_legend_tells_of_what_is_drawn():
    row = dict.fromkeys(("scaled_wires", "simulated_works", "undetermined_from"))
    row |= {"simulated_fails": 6, "works_below": 5}
    assert labels(row) == ["ebeam"]
    assert labels(row | {"simulated_works": 5})[1:] == ["simulated: works to fails"]
    assert labels(row | {"undetermined_from": 5})[1:] == ["simulated: undetermined"]
    assert labels(row | {"works_below": None})[1:] == ["rules hold up to the largest N"]
    assert labels(row | {"scaled_wires": 5})[1:] == ["wires × s too"]


def labels(row):
    return [key.get_label() for key in atlas_figure._keys(["ebeam"], [row])]


def test_stored_points_are_not_computed_again(rough, monkeypatch):
    folder, found, seen = rough
    text = found.table.read_text()
    stored = json.loads((folder / "out" / "points.json").read_text())
    stored["rules"] = stored["rules"][:-1]  # as if it had been stopped there
    (folder / "out" / "points.json").write_text(json.dumps(stored))
    done = []
    options = {"processes": ["rough.yaml"], "styles": ["rails"], "s": [2.0], "largest": 12}
    again = make_atlas(
        folder / "base.yaml", folder / "out", **options, progress=lambda count, total: done.append(count)
    )
    assert again.rows == found.rows and again.table.read_text() == text and len(done) <= 3 < len(seen)


def test_the_terminal_has_the_table_of_the_page(rough, spinhop):
    folder, found, _ = rough
    arguments = ("--process", "rough.yaml", "--style", "rails", "--s", 2, "--largest", 12, "--workers", 1)
    code, out, _ = spinhop("atlas", folder / "base.yaml", "-o", folder / "out", *arguments)
    shown = [[cell.strip() for cell in re.split(r" {2,}", line.strip())] for line in out.splitlines()]
    page = [line.strip("| ").replace("`", "").split(" | ") for line in found.table.read_text().splitlines()[4:8]]
    assert code == 0 and all(row in shown for row in (page[0], *page[2:]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"processes": ["tin"]}, "process: 'tin', allowed: copper"),
        ({"styles": ["rail"]}, "style: 'rail', allowed: rails, lines"),
        ({"s": [0.0]}, "s: 0.0, allowed 0.0001 to 10000"),
        ({"s": [float("nan")]}, "s: nan"),
        ({"largest": 3}, "largest: 3, allowed 4 to 1000"),
    ],
)
def test_curves_that_are_none(options, message, tmp_path):
    with pytest.raises(InputError) as error:
        make_atlas(None, tmp_path / "out", **options)
    assert message in str(error.value) and len(error.value.lines) == 1 and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("network: {neurons: 3, weights: {patterns: ['101']}}", "network.weights"),
        ("network: {neurons: 3}\noperating_point: {v_dw: 300 mV}", "operating_point.v_dw"),
        ("network: {neurons: 3, topology: {axons: [[0, 1], [1, 2]]}}", "network.topology"),
        ("network: {neurons: 3}\ntask: {starts: ['101']}", "task.starts"),
        ("task: {kind: images}", "task"),
        ("network: {neurons: 3, order: [2, 0, 1]}", "network.order"),
        ("network: {neurons: 3, soma_places: [0, 0, 1]}", "network.soma_places"),
        ("network: {neurons: 3}\ncompensation: {v_dw: 30 mV}", "compensation"),
    ],
)
def test_designs_of_a_fixed_size(text, field, tmp_path):
    path = tmp_path / "fixed.yaml"
    path.write_text(f"name: fixed\n{text}\n")
    with pytest.raises(InputError, match=rf"fixed\.yaml: {field} fixes the size"):
        make_atlas(path, tmp_path / "out")


@pytest.mark.parametrize(
    ("wires", "why"),
    [
        ("rail_blocks: 5", "rail_blocks: weight_style lines has no rails; use rails"),
        ("weight_width: 96 nm, tapers: {weight: {narrow: 48 nm}}", "tapers.weight: weight_style lines"),
        ("straps: {weight: {metal: m4}}", "straps.weight: weight_style lines"),
    ],
)
def test_wires_that_only_rails_have(wires, why, tmp_path):
    """They ended in a traceback, five blocks of rails with four rows too."""
    path = tmp_path / "rails.yaml"
    path.write_text(f"name: rails\nnetwork: {{neurons: 8, {wires}}}\n")
    options = {"processes": ["copper"], "s": [1.0], "largest": 5, "simulate": False}
    with pytest.raises(InputError, match=f"style lines: {why}"):
        make_atlas(path, tmp_path / "out", styles=["rails", "lines"], **options)
    assert [row["style"] for row in make_atlas(path, tmp_path / "out", **options).rows] == ["rails"]


def test_lines_end_where_they_cannot_be_drawn(tmp_path):
    with pytest.raises(InputError, match=r"style lines: .* limited to 256 neurons"):
        make_atlas(None, tmp_path / "out", processes=["copper"], styles=["lines"], s=[1.0], largest=300, simulate=False)


def test_the_command_refuses_in_a_line(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "points.json").write_text("[1")
    for options, message in (
        (["--style", "dots"], "style: 'dots', allowed: rails, lines"),
        (["--workers", "1"], f"{tmp_path / 'out' / 'points.json'}: damaged, or no points of an atlas (no JSON)"),
    ):
        process = start("atlas", "-o", tmp_path / "out", *options)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (2, f"spinhop: {message}\n")


def test_ctrl_c_keeps_what_is_done(tmp_path):
    process = start("atlas", "-o", tmp_path / "out", "--process", "copper", "--workers", "1", "--largest", "100")
    stored, deadline = tmp_path / "out" / "points.json", time.monotonic() + 90
    while not stored.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    code, _, err, _ = stop(process)
    assert code == 130 and err.splitlines()[-1] == "spinhop: interrupted; finished stages are kept"
    assert not list((tmp_path / "out").glob("atlas.*"))
