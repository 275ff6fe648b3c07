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
from hwlib.sections.search_fields import SearchFields
from spinhop.optimize import optimize, optimizer, search_history, trial_evaluation
from spinhop.optimize.search_advice import search_advice
from spinhop.optimize.search_history import SearchTrial
from spinhop.optimize.search_space import axes_of, candidate, own_values
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
        assert min(b["margin"] for b in trial.judged.bounds if b["name"] not in REMARKS) >= 0
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


def test_walls_that_no_engine_runs_end_a_search_before_anything_is_judged(tmp_path, spinhop, monkeypatch):
    monkeypatch.setattr(trial_evaluation, "_rules", lambda *given: pytest.fail("was judged"))
    (tmp_path / "d.yaml").write_text(
        "name: d\nnetwork: {neurons: 3}\ndevice: {dynamics: {parameters: {pinning_velocity: 1 m/s}}}\n"
        "search: {axes: {network.dendrite_width: [60 nm, 300 nm]}, objectives: [time], trials: 2}\n"
    )
    code, _, err = spinhop("optimize", tmp_path / "d.yaml", "--out", tmp_path / "found")
    assert code == 2 and "only trials at a temperature have pinning" in err


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
