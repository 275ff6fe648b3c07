"""Searches for designs: what the front says is what the simulation of its files gives; stops and goes on; refuses."""

from __future__ import annotations

import json
import shutil
import time
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

import layouts
import sim
from hwlib.design import Design, load_design
from hwlib.errors import InputError
from hwlib.extraction import extract
from hwlib.schematic import ideal_network
from hwlib.sections.search_fields import SearchFields
from spinhop.optimize import optimize, optimizer, search_history, trial_evaluation
from spinhop.optimize.search_advice import search_advice
from spinhop.optimize.search_history import SearchTrial
from spinhop.optimize.search_space import axes_of, candidate, own_values, scaled
from spinhop.optimize.trial_evaluation import STAGES, Judged
from spinhop.run_folder.inputs import contents_of, read_design
from spinhop.verdicts.levers import lever_of
from tests.support.described import assert_described
from tests.support.processes import start, stop

SMALL = """
name: small
process: copper_thick
network: {neurons: 4}
task: {trials: 2}
search:
  axes:
    s: [4, 12]
    operating_point.weight: [60 mV, 150 mV]
    network.dendrite_width: [50 nm, 200 nm]
    network.soma_placement: [diagonal, centred]
  objectives: [time, energy]
  trials: 6
  batch: 2
"""

REMARKS = {"thermal", "time", "C·V² energy", "RC time"}  # told beside a design; no constraint of the search


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    path = folder / "small.yaml"
    path.write_text(SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_history, "_STARTUP", 2)  # the model of the trials is used, too
        return path, folder / "out", optimize(path, folder / "out")


def test_the_front_is_what_its_files_give(searched):
    """Drawn, extracted and simulated again from each design file."""
    _, folder, found = searched
    assert found.front and [path.exists() for path in found.designs] == [True] * len(found.front)
    for trial, path in zip(found.front, found.designs, strict=True):
        design = load_design(path)
        process = design.load_process()
        drawn = layouts.write_layout(layouts.hopfield(design, process), folder.parent / "again.oas")
        network = extract(drawn, process, design)
        result = sim.run_task(network, design, process)
        values = trial.judged.values
        assert float(result["time_mean"]) == pytest.approx(values["time"], rel=1e-9)
        assert float(result["energy_mean"]) == pytest.approx(values["energy"], rel=1e-9)
        assert float(result["recall_rate"]) == 1 and values["accuracy"] == 1
        assert not [f for f in sim.judge(network, design, process).findings() if f.severity == "error"]
        assert {bound["name"] for bound in trial.judged.bounds} >= {"vdw.window", "breakdown", "current.m3"}
        assert min(b["distance"] for b in trial.judged.bounds if b["name"] not in REMARKS) >= 0
        assert {bound["name"] for bound in trial.judged.bounds} >= REMARKS


@pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")
def test_ngspice_agrees_on_a_design_that_was_found(searched, tmp_path, spinhop):
    """Drawn from its file: state, time and energy of its first trial by another simulator."""
    _, _, found = searched
    code, out, _ = spinhop("spice", found.designs[0], "--run", "-o", tmp_path / "run", "--json")
    theirs, ours = (json.loads(out)["outcome"][name] for name in ("ngspice", "engine"))
    assert code == 0 and theirs["at_rest"] and theirs["state"] == ours["state"]
    assert theirs["time_to_solution"] == pytest.approx(ours["time_to_solution"], rel=1e-3)
    assert theirs["energy"] == pytest.approx(ours["energy"], rel=1e-3)


def test_a_cluster_by_address_finds_the_same(searched, tmp_path, monkeypatch):
    """Four trials by the workers of a Dask scheduler that runs already."""
    from distributed import LocalCluster

    path, _, found = searched
    monkeypatch.setattr(search_history, "_STARTUP", 2)
    with LocalCluster(
        n_workers=1, processes=False, dashboard_address=None, protocol="tcp", host="127.0.0.1"
    ) as cluster:
        there = optimize(path, tmp_path / "out", trials=4, scheduler=cluster.scheduler_address)
    assert there.trials == found.trials[:4]


def test_trials_of_another_search_are_kept(searched, tmp_path):
    """Another seed, or other axes, in a folder with results: one line, and the trials stay until they are to go."""
    path, folder, found = searched
    kept = (folder / "trials.json").read_bytes()
    (tmp_path / "small.yaml").write_text(SMALL.replace("[60 mV, 150 mV]", "[60 mV, 151 mV]"))
    for given, options in ((path, {"seed": 9}), (tmp_path / "small.yaml", {})):
        with pytest.raises(InputError, match=r"trials.json: of another search .*choose another folder, or --force"):
            optimize(given, folder, **options)
    assert (folder / "trials.json").read_bytes() == kept and found.designs[0].exists()
    assert len(optimize(path, tmp_path / "out", trials=1).trials) == 1
    assert optimize(path, tmp_path / "out", trials=1, seed=9, fresh=True).trials[0].proposed != found.trials[0].proposed


def test_files_that_a_design_names_are_part_of_a_search(searched, monkeypatch, tmp_path):
    (tmp_path / "w.csv").write_text("0,1\n1,0\n")
    (tmp_path / "own.yaml").write_text("name: own\nnetwork: {neurons: 2, weights: {matrix_file: w.csv}}\n")
    design = read_design(tmp_path / "own.yaml")
    hashes = [contents_of(design)]
    (tmp_path / "w.csv").write_text("0,-1\n-1,0\n")
    hashes.append(contents_of(design))
    assert hashes[0].keys() == hashes[1].keys() == {"w.csv"} and hashes[0] != hashes[1]
    path, folder, _ = searched
    monkeypatch.setattr(optimizer, "contents_of", lambda _: hashes[1])
    with pytest.raises(InputError, match="of another search"):
        optimize(path, folder)


def test_nothing_beats_the_front(searched):
    _, folder, found = searched
    with xr.open_dataset(folder / "search.nc") as data:
        good = np.flatnonzero((data["violation"] <= 0).all("stage").values)
        front = np.flatnonzero(data["on_front"].values)
        costs = np.stack([data["time"].values, data["energy"].values], axis=1)
        assert data.attrs["seed"] == "1" and "optuna" in data.attrs["versions"]
    assert assert_described(folder / "search.nc")["axis_network.dendrite_width"].attrs["units"] == "m"
    assert set(front) <= set(good) and [trial.number for trial in found.front] == front.tolist()
    for k in good:
        beaten = any((costs[j] <= costs[k]).all() and (costs[j] < costs[k]).any() for j in good)
        assert beaten == (k not in front)
    failed = [trial for trial in found.trials if not trial.judged.feasible]
    assert failed and all(trial.judged.why for trial in failed), "wires below the process's minimum are refused"


def test_a_search_goes_on_as_if_it_had_not_stopped(searched, tmp_path, monkeypatch):
    path, _, found = searched
    monkeypatch.setattr(search_history, "_STARTUP", 2)
    optimize(path, tmp_path / "out", trials=4)
    seen = []
    again = optimize(path, tmp_path / "out", progress=lambda done, total: seen.append(done))
    assert again.trials == found.trials and seen[0] == 5, "stored trials are not repeated"
    other = optimize(path, tmp_path / "other", trials=1, seed=2)
    assert other.trials[0].proposed != found.trials[0].proposed


def test_the_first_proposal_is_the_design_itself(searched):
    """As far as its values lie on the axes: s = 1 does not, and a wire without a width has none."""
    path, _, found = searched
    design = load_design(path)
    axes = axes_of(design, "small")
    own = {"operating_point.weight": 0.1, "network.soma_placement": "diagonal"}
    assert own_values(design, axes) == own and own.items() <= found.trials[0].proposed.items()
    leaks = design.model_copy(update={"search": SearchFields(axes={"operating_point.axon_leak": ("-9 m/s", "-1 m/s")})})
    axes = axes_of(leaks, "leaks")
    first = own_values(leaks, axes)
    assert first == {"operating_point.axon_leak": 5.0}  # sizes are proposed
    assert candidate(leaks, axes, first).operating_point.axon_leak == -5.0


def test_what_fails_by_more_is_further_away(monkeypatch):
    """A hundred and two hundred times beyond are told apart, and a miss of nothing is one."""

    def rules(*margins):
        outcomes = [SimpleNamespace(rule="r", passed=False, severity="error", margin=m, message="m") for m in margins]
        monkeypatch.setattr(sim, "judge", lambda *given: SimpleNamespace(outcomes=outcomes))
        return trial_evaluation._rules(None, Design(name="x", network={"neurons": 4}))[0]

    misses = [rules(0.0), rules(-0.01), rules(-100.0), rules(-100.0, -0.01), rules(-200.0), rules(-np.inf)]
    assert misses == sorted(set(misses)) and misses[0] > 0 and misses[-1] == 10.0


def test_a_design_whose_outcome_hangs_on_rounding_is_no_find(searched, monkeypatch):
    """As ``run`` has it: undetermined is neither."""
    path = searched[2].designs[0]
    run_task = sim.run_task

    def unsure(*given, **how):
        result = run_task(*given, **how)
        result["undetermined"][0] = True
        return result

    assert trial_evaluation.judged(path).feasible
    monkeypatch.setattr(sim, "run_task", unsure)
    found = trial_evaluation.judged(path)
    assert not found.feasible and "1 undetermined" in found.why


def test_what_a_search_without_a_find_advises(tmp_path, spinhop):
    """The lever of the rule that the nearest design breaks."""

    def trial(number, why, *violations):
        full = [*violations, *[10.0] * (len(STAGES) - len(violations))]
        return SearchTrial(number, {}, Judged(violations=full, why=why))

    far = trial(0, "vdw.window: V_DW is outside", 0.0, 2.0)
    near = trial(1, "current.m1: m1 of vdw carries much", 0.0, 0.0, 0.0, 0.7)
    step = search_advice([far, near, trial(2, "current.m1: more", 0.0, 0.0, 0.0, 0.9)])
    assert step.rule == "current.m1" and step.lever == lever_of("current.m1")
    told = "the nearest design, trial 1, fails at rules_drawn: current.m1: m1 of vdw carries much"
    assert step.why == f"{told} (1 more fails by this rule)"
    assert search_advice([far, trial(3, "", 0.0, 0.0, 0.0, 0.0, 0.0)]) is None and search_advice([]) is None
    refused = search_advice([trial(5, "dendrite_width: 20 nm found, rule m3.width needs more", 0.0, 0.0, 1.0)])
    assert refused.lever is None and "dendrite_width: 20 nm found" in str(refused)
    missed = search_advice([trial(4, "accuracy 0.5, 100% of the trials at rest", 0.0, 0.0, 0.0, 0.0, 0.4)])
    assert missed.rule == "drive.path"
    (tmp_path / "none.yaml").write_text(SMALL.replace("[50 nm, 200 nm]", "[20 nm, 30 nm]"))
    code, out, _ = spinhop(
        "optimize", tmp_path / "none.yaml", "-o", tmp_path / "out", "--trials", 1, "--workers", 1, "--json"
    )
    assert code == 1 and json.loads(out)["next"]["text"].startswith("the nearest design, trial ")


def ideal_result(design):
    process = design.load_process()
    return sim.run_task(ideal_network(design, process), design, process)


LAW = {"name": "law", "network": {"neurons": 6}, "seed": 4}


@pytest.mark.parametrize("s", [0.5, 3.0, 400.0])
def test_times_follow_the_similarity_law(s):
    """RA, R_M × s and leaks / s on ideal wires: times × s, energies and outcomes equal, power / s."""
    design = Design(**LAW, task={"trials": 3})
    one, slow = ideal_result(design), ideal_result(scaled(design, s, 1e9))
    np.testing.assert_allclose(slow["time_to_solution"], s * one["time_to_solution"], rtol=1e-9)
    np.testing.assert_allclose(slow["energy_source"].sum("source"), one["energy_source"].sum("source"), rtol=1e-9)
    assert (slow["state"].values == one["state"].values).all()


@pytest.mark.parametrize("b", [0.07, 3.0])
def test_energies_follow_the_similarity_law_of_voltages(b):
    """All voltages and leaks × b on ideal wires: times / b, energies × b, so that energy × time stays."""
    one = ideal_result(Design(**LAW, task={"trials": 3}))
    volts = {"weight": 0.1 * b, "v_charge": 0.1 * b, "v_dw": float(one["v_dw"]) * b}
    point = volts | {"axon_leak": -5.0 * b, "soma_leak": 0.2 * b}
    far = ideal_result(Design(**LAW, task={"trials": 3, "time_limit": 2e-6 / b}, operating_point=point))
    np.testing.assert_allclose(b * far["time_to_solution"], one["time_to_solution"], rtol=1e-9)
    np.testing.assert_allclose(far["energy_source"].sum("source"), b * one["energy_source"].sum("source"), rtol=1e-9)
    assert (far["state"].values == one["state"].values).all()


def test_the_track_s_resistance_follows_only_as_far_as_its_metal_allows():
    design = Design(name="metal", network={"neurons": 6})
    assert scaled(design, 1.5, 2000.0).device.track_resistance == pytest.approx(3000.0)  # two squares
    assert scaled(design, 10.0, 2000.0).device.track_resistance == pytest.approx(4000.0)
    assert scaled(design, 10.0, 2000.0).device.r_p == pytest.approx(5000.0)


def test_the_track_s_resistance_goes_with_its_squares():
    """A given R_M is a sheet resistance on so many squares: a longer track has more of it, and none is free."""
    axes = {"device.track_length": ("100 nm", "400 nm")}
    base = Design(
        name="squares", network={"neurons": 6}, device={"track_resistance": 3000.0}, search=SearchFields(axes=axes)
    )
    assert candidate(base, axes_of(base, "x"), {"device.track_length": 3e-7}).device.track_resistance == pytest.approx(
        9000.0
    )
    free = Design(
        name="free", network={"neurons": 6}, device={"track_resistance": 4001.0}, search=SearchFields(axes=axes)
    )
    with pytest.raises(InputError, match=r"device.track_resistance: 2000.5 ohm per square .* allowed 2000 ohm"):
        axes_of(free, "free.yaml")


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"operating_point.weigth": ("1 mV", "2 mV")}, "search.axes.operating_point.weigth"),
        ({"operating_point.weight": ("0.02", "0.1")}, "operating_point.weight"),
        ({"operating_point.weight": (0.02, 0.1)}, "has no unit"),
        ({"operating_point.weight": ("150 mV", "20 mV")}, "two values, lowest first"),
        ({"operating_point.weight": ("20 mV",)}, "two values, lowest first"),
        ({"device.track_resistance": ("1 kohm", "9 kohm")}, "it follows from the track's sheet resistance"),
        ({"network.soma_placement": ("diagonal", "nowhere")}, "network.soma_placement: 'nowhere'"),
        ({"network.straps.drive.pitch": (0, 4)}, "network.straps.drive.pitch: 0.0: Input should be greater"),
        ({"network.straps.drive.metal": ("m4", "m3")}, "network.straps.drive.metal: 'm3'"),
        ({"network.straps.drive.colour": ("m4", "m5")}, "no field network.straps.drive.colour"),
        ({"network.straps.drive": ("m4", "m5")}, "a section; give [without, with]"),
        ({"network.straps.drive.pitch": (1, 4)}, "axes: no values of theirs make a design: network.straps.drive.metal"),
        ({"s": (10.0, 1.0)}, "two values, lowest first"),
        ({"s": ("1", "10")}, "two numbers from 0.001"),
        ({"network": ("a", "b")}, "search.axes.network"),
        ({"network.weights.patterns": ("a", "b")}, "network.weights.patterns"),
        ({"task.kind.deeper": ("a", "b")}, "task.kind.deeper"),
        ({"name": ("a", "b")}, "it names the result"),
        ({"task.required_accuracy": (0.1, 0.9)}, "designs have to reach it"),
        ({"task.required_share": (0.1, 0.9)}, "designs have to reach it"),
    ],
)
def test_axes_that_are_none(axes, message):
    design = Design(name="bad", network={"neurons": 4}, search=SearchFields(axes=axes))
    with pytest.raises(InputError) as found:
        axes_of(design, "bad.yaml")
    assert message in str(found.value) and str(found.value).startswith("bad.yaml: search.axes")
    assert len(found.value.lines) == 1 and len(found.value.lines[0]) <= 200


def test_wrong_axes_are_told_with_their_lines(tmp_path):
    path = tmp_path / "d.yaml"
    search = "search:\n  objectives: [yield]\n  axes:\n    s: [1, 10]\n    seed: [1, 2]\n"
    path.write_text(f"name: bad\nnetwork: {{neurons: 4}}\n{search}")
    with pytest.raises(InputError, match=r"d\.yaml:7: search\.axes\.seed: not to be searched"):
        optimize(path, tmp_path / "out")
    path.write_text(path.read_text().replace("    seed: [1, 2]\n", ""))
    with pytest.raises(InputError, match=r"d\.yaml:4: search\.objectives: yield needs a section 'variation'"):
        optimize(path, tmp_path / "out")


def test_axes_whose_values_go_together_only_with_each_other():
    """Sections that the design leaves out, a taper that only wide wires take, two straps that may cross."""
    axes = {
        "network.dendrite_width": ("60 nm", "300 nm"), "network.tapers.dendrite": ("without", "with"),
        "network.tapers.dendrite.narrow": ("40 nm", "200 nm"), "network.straps.drive": ("with", "without"),
        "network.straps.drive.metal": ("m4", "m5"), "network.straps.drive.pitch": (1, 4),
        "network.straps.vdw.metal": ("m4", "m5"), "network.straps.vdw.width": ("50 nm", "90 nm"),
    }  # fmt: skip
    base = Design(name="apart", network={"neurons": 4}, search=SearchFields(axes=axes))
    found = {axis.name: axis for axis in axes_of(base, "apart.yaml")}
    assert found["network.straps.vdw.width"].unit == "m" and found["network.straps.vdw.width"].low == pytest.approx(
        5e-8
    )
    assert own_values(base, list(found.values())) == dict.fromkeys(
        ("network.tapers.dendrite", "network.straps.drive"), "without"
    )
    middle = {name: axis.choices[0] if axis.choices else (axis.low + axis.high) / 2 for name, axis in found.items()}
    values = middle | {"network.straps.vdw.metal": "m5", "network.straps.drive.pitch": 3}
    drawn = candidate(base, list(found.values()), values).network
    assert drawn.tapers.dendrite is None and drawn.straps.drive is not None and drawn.straps.drive.metal == "m4"
    assert drawn.straps.vdw is not None and drawn.straps.vdw.metal == "m5" and drawn.straps.drive.pitch == 3
    other = values | {"network.tapers.dendrite": "with", "network.straps.drive": "without"}
    drawn = candidate(base, list(found.values()), other).network
    assert drawn.tapers.dendrite is not None and drawn.straps.drive is None
    for wrong in (
        {"network.straps.vdw.metal": "m4"},
        {"network.tapers.dendrite": "with", "network.dendrite_width": 7e-8},
    ):
        with pytest.raises(ValueError, match=r"would cross|less than dendrite_width"):
            candidate(base, list(found.values()), values | wrong)


def test_a_design_without_a_search(tmp_path):
    (tmp_path / "x.yaml").write_text("name: x\nnetwork: {neurons: 4}\n")
    with pytest.raises(InputError, match="no section 'search'"):
        optimize(tmp_path / "x.yaml", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_ctrl_c_keeps_what_is_done(searched, tmp_path):
    path, _, found = searched
    process = start("optimize", path, "-o", tmp_path / "out", "--trials", "5000", "--workers", "1")
    stored = tmp_path / "out" / "trials.json"
    deadline = time.monotonic() + 90
    while not stored.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    code, _, err, _ = stop(process)
    assert code == 130 and err.splitlines()[-1] == "spinhop: interrupted; finished stages are kept"
    kept = json.loads(stored.read_text())["trials"]
    assert kept[0]["proposed"] == found.trials[0].proposed
    assert not list((tmp_path / "out").glob("best_*"))


def test_an_objective_is_given_once(tmp_path, spinhop):
    (tmp_path / "small.yaml").write_text(SMALL.replace("[time, energy]", "[time, energy, time]"))
    code, _, err = spinhop("optimize", tmp_path / "small.yaml", "--out", tmp_path / "out")
    assert code == 2 and err.count("\n") == 1 and "search.objectives: time twice" in err


def test_the_table_has_columns_of_what_is_known(searched, spinhop):
    path, out, found = searched
    code, printed, _ = spinhop("optimize", path, "--out", out, "--workers", 1)
    assert code == 0 and len(found.front) and " J·s " in printed and "yield" not in printed


def test_yield_as_an_objective(tmp_path, monkeypatch, spinhop):
    """Large is good, and the front says so; the share itself is that of test_sensitivity."""
    share = {}

    def planted(design, process, network, chips):
        assert chips == 5 and design.variation is not None and network.has_wires
        return share.setdefault(design.operating_point.weight, round(8 * design.operating_point.weight, 3))

    monkeypatch.setattr("spinhop.optimize.trial_yield.working_share", planted)
    text = SMALL.replace("[time, energy]", "[time, yield]\n  yield_chips: 5")
    (tmp_path / "small.yaml").write_text(text)
    code, _, err = spinhop("optimize", tmp_path / "small.yaml", "--out", tmp_path / "out", "--workers", 1)
    assert code == 2 and err.endswith("search.objectives: yield needs a section 'variation'; see docs/studies.md\n")
    (tmp_path / "small.yaml").write_text(text + "variation: {spreads: {leak: {sigma: 0.1}}}\n")
    found = optimize(tmp_path / "small.yaml", tmp_path / "out", trials=4)
    good = [trial for trial in found.trials if trial.judged.feasible]
    assert good and found.front and sorted(t.judged.values["yield"] for t in good) == sorted(share.values())
    assert max(good, key=lambda t: t.judged.values["yield"]).number in {t.number for t in found.front}
    with xr.open_dataset(tmp_path / "out" / "search.nc", engine="netcdf4") as data:
        assert set(data["yield"].values[np.isfinite(data["yield"].values)]) == set(share.values())
