"""Studies: numbers are the simulation's, and a sweep may be killed at any moment."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import re
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import layouts
import sim
from hwlib.design import Design
from hwlib.errors import InputError, StoppedError
from hwlib.extraction import extract
from hwlib.process import load_process
from hwlib.schematic import ideal_network
from hwlib.sections.variation_fields import VariationFields
from spinhop.study import point_evaluation, study_store, sweep_runner
from spinhop.study.point_evaluation import PointEvaluator, PointResult, StudyPoint
from spinhop.study.study_store import open_study
from spinhop.study.sweep_runner import StudyPlan, estimate, sweep
from tests.support.described import assert_described
from tests.support.processes import start, stop

FULL = bool(os.environ.get("SPINHOP_FULL"))
DESIGN = "name: small\nprocess: copper_thick\nnetwork: {neurons: 3}\ntask: {trials: 2}\n"


def study_in(folder: Path, text: str, design: str = DESIGN) -> Path:
    (folder / "small.yaml").write_text(design)
    (folder / "study.yaml").write_text(f"name: some\ndesign: small.yaml\n{text}")
    return folder / "study.yaml"


def files_of_store(folder: Path) -> dict[str, bytes]:
    store = folder / "results.zarr"
    return {str(path.relative_to(store)): path.read_bytes() for path in store.rglob("*") if path.is_file()}


def test_numbers_are_those_of_the_simulation(tmp_path):
    """Of the design and process that a point means, made here by hand."""
    axes = "axes: {operating_point.weight: [80 mV], seed: [1, 5], process.layers.track.sheet_resistance: [900 ohm]}"
    path = study_in(tmp_path, f"rules: true\n{axes}\n")
    assert sweep(path, tmp_path / "out").refused == 0
    found = open_study(tmp_path / "out")
    process = load_process("copper_thick").model_dump()
    process["layers"]["track"]["sheet_resistance"] = 900.0
    for k, seed in enumerate((1, 5)):
        design = Design(
            name="small", process="copper_thick", network={"neurons": 3}, task={"trials": 2}, seed=seed,
            operating_point={"weight": 0.08},
        )  # fmt: skip
        changed = type(load_process("ebeam")).model_validate(process)
        design = design.placed(design.folder, changed)
        network = ideal_network(design, changed)
        assert network.r_m[0] == pytest.approx(1800.0)
        wanted, row = sim.run_task(network, design, changed), found.isel(point=k)
        for name in ("accuracy_mean", "time_mean", "energy_mean", "v_dw", "rest_rate"):
            assert float(row[name]) == float(wanted[name]), name
        assert float(row["recalled"]) == wanted["recalled"].sum() and float(row["trials"]) == 2
        report = sim.judge(network, design, changed)
        assert float(row["margin.barrier.voltage"]) == next(
            outcome.margin for outcome in report.outcomes if outcome.rule == "barrier.voltage"
        )
        assert float(row["rules_broken"]) == sum(f.severity == "error" for f in report.findings())
    stored = assert_described(tmp_path / "out" / "results.zarr")
    assert stored["process.layers.track.sheet_resistance"].attrs["units"] == "ohm"
    assert found["seed"].values.tolist() == [1, 5] and set(found["operating_point.weight"].values) == {0.08}
    assert found["time_mean"].attrs["units"] == "s" and found["done"].values.all()
    assert len(set(found["design_hash"].values.tolist())) == 2


def test_drawn_once_for_all_chips_and_operating_points(tmp_path, monkeypatch):
    drawn = []
    draw = point_evaluation._draw
    monkeypatch.setattr(point_evaluation, "_draw", lambda *given: drawn.append(1) or draw(*given))
    weights, leaks = (
        "operating_point.weight: [80 mV, 90 mV, 90 mV]",
        "operating_point.axon_leak: [-5 m/s, -2 m/s, -2 m/s]",
    )
    axes = f"axes: {{{weights}, {leaks}, variation.chip: [0, 0, 7]}}"
    variation = "variation: {spreads: {tmr: {sigma: 0.2}, sheet_resistance: {sigma: 0.1}}}\n"
    path = study_in(tmp_path, f"wires: drawn\ntrials: 1\nmethod: list\n{axes}\n", DESIGN + variation)
    sweep(path, tmp_path / "out")
    found = open_study(tmp_path / "out")
    assert len(drawn) == 1 and found.sizes["point"] == 3
    design = Design(
        name="small", process="copper_thick", network={"neurons": 3}, task={"trials": 2},
        operating_point={"weight": 0.09, "axon_leak": -2.0},
    )  # fmt: skip
    process = design.load_process()
    layout = layouts.write_layout(layouts.hopfield(design, process), tmp_path / "layout.oas")
    network = extract(layout, process, design)
    spreads = {"tmr": {"sigma": 0.2}, "sheet_resistance": {"sigma": 0.1}}
    made = sim.sampled_chip(network, process, VariationFields(chip=7, spreads=spreads))
    point = design.operating_point.model_copy(update={"v_dw": sim.v_dw_on(network, design, process).volts})
    wanted = sim.run_task(made, design.model_copy(update={"operating_point": point}), process, trials=1)
    assert float(found["energy_mean"][2]) == float(wanted["energy_mean"]) != float(found["energy_mean"][1])


def test_a_study_that_grows_computes_what_is_new(tmp_path, monkeypatch):
    computed = []
    evaluate = PointEvaluator._evaluate
    monkeypatch.setattr(PointEvaluator, "_evaluate", lambda *given: computed.append(1) or evaluate(*given))
    text = "trials: 1\nmethod: sobol\npoints: {}\naxes: {{operating_point.weight: {{low: 60 mV, high: 120 mV}}}}\n"
    path = study_in(tmp_path, text.format(2))
    sweep(path, tmp_path / "out")
    before = open_study(tmp_path / "out").load()
    study_in(tmp_path, text.format(3))
    assert sweep(path, tmp_path / "out").kept == 2 and len(computed) == 3
    after = open_study(tmp_path / "out").load()
    assert after.isel(point=slice(2))["energy_mean"].identical(before["energy_mean"]) and after["done"].values.all()
    sweep(path, tmp_path / "fresh")
    assert files_of_store(tmp_path / "out") == files_of_store(tmp_path / "fresh")
    study_in(tmp_path, text.format(1))
    with pytest.raises(InputError, match="2 points that this study does not have"):
        sweep(path, tmp_path / "out")
    assert open_study(tmp_path / "out").sizes["point"] == 3, "nothing is lost"


def test_values_that_do_not_go_together_are_told_per_point(tmp_path):
    both = "device.pillar_width: [20 nm, 60 nm], device.track_length: [100 nm, 50 nm]"
    path = study_in(tmp_path, f"trials: 1\naxes: {{{both}}}\n")
    done = sweep(path, tmp_path / "out")
    assert done.refused == 1 and "pillar lies off" in done.problem
    found = open_study(tmp_path / "out")
    assert found["problem"].values.tolist()[:3] == [""] * 3 and "pillar lies off" in str(found["problem"].values[3])
    assert np.isnan(found["energy_mean"].values).tolist() == [False] * 3 + [True] and found["done"].values.all()


def test_files_that_a_point_names_count_by_what_they_hold(tmp_path, monkeypatch):
    """Where one is edited for good, its points are computed again, and no others."""
    design = "name: small\ntask: {kind: maxcut, graph: a.txt}\n"
    (tmp_path / "a.txt").write_text("3 2\n1 2 1\n2 3 1\n")
    (tmp_path / "b.txt").write_text("4 3\n1 2 1\n2 3 1\n3 4 1\n")
    path = study_in(tmp_path, "axes: {task.graph: [a.txt, b.txt]}\n", design)
    assert sweep(path, tmp_path / "out").refused == 0
    found = open_study(tmp_path / "out").load()
    assert found["task.graph"].values.tolist() == ["a.txt", "b.txt"] and (found["share_of_best_mean"] > 0.5).all()
    (tmp_path / "b.txt").write_text("3 2\n1 2 1\n1 3 1\n")
    computed, evaluate = [], PointEvaluator._evaluate
    monkeypatch.setattr(PointEvaluator, "_evaluate", lambda *given: computed.append(1) or evaluate(*given))
    assert sweep(path, tmp_path / "out").kept == 1 and len(computed) == 1
    sweep(path, tmp_path / "fresh")
    assert files_of_store(tmp_path / "out") == files_of_store(tmp_path / "fresh")
    (tmp_path / "a.txt").write_text("3 2\n1 2 1\n1 3 1\n")  # the design names it, too: every point hangs on it
    with pytest.raises(InputError, match="of another study: its design differs; "):
        sweep(path, tmp_path / "out")


def logging_sweep(path: Path, out: Path, log: Path, most: int | None) -> None:
    """A sweep that says which points it computes, and writes all the time: most signals come in the middle of that.

    After so many points it waits, so that it does not end before it is killed, however fast the machine is.
    """
    computed: list[int] = []

    def evaluate(self, values):
        if len(computed) == most:  # waits to be killed
            time.sleep(300)
        computed.append(values["seed"])
        with log.open("a") as stream:
            stream.write(f"{values['seed']}\n")
        time.sleep(2e-3)
        numbers = {f"n{k}": values["seed"] / (k + 3) for k in range(3)}
        return PointResult(numbers, dict.fromkeys(numbers, ("1", "x")))

    study_store._SOON = study_store._RARELY = 0.0
    PointEvaluator.evaluate = evaluate  # type: ignore[method-assign]
    sweep(path, out)


def begun(path: Path, out: Path, log: Path, most: int | None = None) -> Any:
    process = multiprocessing.get_context("fork").Process(target=logging_sweep, args=(path, out, log, most))
    process.start()
    return process


def committed(folder: Path) -> dict[int, float]:
    if not (folder / "results.zarr").exists():
        return {}
    found = open_study(folder).load()
    done = found["done"].values
    values = [found[f"n{k}"].values[done] for k in range(3)] if done.any() else []
    for k, each in enumerate(values):
        assert (each == found["seed"].values[done] / (k + 3)).all(), "a point that is done has all its numbers"
    return dict(zip(found["seed"].values[done].tolist(), values[0].tolist(), strict=True)) if values else {}


def test_killed_at_any_moment(tmp_path):
    """No committed point is lost, doubled or computed again; the store in the end is that of a sweep without kills."""
    kills, rng = (50 if FULL else 3), random.Random(5)
    path = study_in(tmp_path, f"axes: {{seed: {{low: 1, high: {25 * kills}, count: {25 * kills}}}}}\n")
    out, before, killed = tmp_path / "out", {}, 0
    for attempt in range(10 * kills):
        log = tmp_path / f"log{attempt}"
        process = begun(path, out, log, 24 if killed < kills else None)
        while attempt and process.is_alive() and not log.exists():  # the first one while it begins
            time.sleep(0.01)
        process.join(rng.uniform(0.02, 0.4) if killed < kills else 300)
        process.kill()
        process.join()
        computed = log.read_text().split() if log.exists() else []
        assert not set(before) & set(map(int, computed)), "a committed point was computed again"
        after = committed(out)
        assert before.items() <= after.items(), "a committed point was lost"
        before, killed = after, killed + (process.exitcode == -signal.SIGKILL)
        if process.exitcode == 0:
            break
    assert killed == kills and len(before) == 25 * kills
    logging = begun(path, tmp_path / "once", tmp_path / "log")
    logging.join()
    assert logging.exitcode == 0 and files_of_store(out) == files_of_store(tmp_path / "once")


def fatal(point: StudyPoint) -> PointResult:
    """A point whose process is killed when it is computed for the first time."""
    mark = Path(point.context).parent / "killed"
    if point.values["seed"] == 4 and not mark.exists():
        time.sleep(0.5)
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return PointResult({"n": point.values["seed"]}, {"n": ("1", "x")})


def test_a_lost_worker_stops_the_sweep_and_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep_runner, "evaluated", fatal)
    path = study_in(tmp_path, "axes: {seed: [1, 2, 3, 4, 5, 6]}\n")
    with pytest.raises(StoppedError, match="a process that computed one of the points ended"):
        sweep(path, tmp_path / "out", workers=2)
    kept = int(open_study(tmp_path / "out")["done"].sum())
    assert sweep(path, tmp_path / "out").kept == kept >= 1
    found = open_study(tmp_path / "out")
    assert found["n"].values.tolist() == [1, 2, 3, 4, 5, 6] == found["seed"].values.tolist()


def slow(point: StudyPoint) -> PointResult:
    time.sleep(0.2)
    return PointResult({"n": point.values["seed"]}, {"n": ("1", "x")})


@pytest.mark.skipif(not FULL, reason="half a minute; SPINHOP_FULL=1")
def test_a_worker_and_then_the_scheduler_of_a_cluster_are_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep_runner, "evaluated", slow)
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (Path(__file__).parents[2], Path(__file__).parent)))}
    cli = "import sys; from distributed.cli import {0}; sys.exit({0}.main())"
    port = str(random.Random(os.getpid()).randrange(20000, 30000))
    scheduler = start(
        "--host", "127.0.0.1", "--port", port, "--no-dashboard", code=cli.format("dask_scheduler"), env=environ
    )
    address = f"tcp://127.0.0.1:{port}"
    options = (address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", tmp_path)
    time.sleep(4)
    workers = [start(*options, code=cli.format("dask_worker"), env=environ) for _ in range(2)]
    path = study_in(tmp_path, "axes: {seed: {low: 1, high: 60, count: 60}}\n")
    time.sleep(6)

    def lose(done, total):
        if done == 10:
            workers[0].kill()
        if done == 30:
            scheduler.kill()

    try:
        with pytest.raises(StoppedError, match="the scheduler ended"):
            sweep(path, tmp_path / "out", scheduler=address, progress=lose)
    finally:
        for process in (scheduler, *workers):
            process.kill()
            process.communicate()
    assert int(open_study(tmp_path / "out")["done"].sum()) == 30
    assert sweep(path, tmp_path / "out").kept == 30
    assert open_study(tmp_path / "out")["n"].values.tolist() == list(range(1, 61))


@pytest.mark.skipif(not FULL, reason="a minute; SPINHOP_FULL=1")
def test_ten_thousand_points_cost_little(tmp_path, monkeypatch):
    result = PointResult({f"n{k}": k for k in range(30)}, {f"n{k}": ("1", "x") for k in range(30)})
    monkeypatch.setattr(PointEvaluator, "_evaluate", lambda *given: result)
    axes = "axes: {operating_point.weight: {low: 10 mV, high: 99 mV}, device.tmr: {low: 1, high: 3}}\n"
    path = study_in(tmp_path, f"method: sobol\npoints: 10000\n{axes}")
    begun = time.process_time()
    sweep(path, tmp_path / "out")
    assert time.process_time() - begun <= 10_000 * 5e-3
    assert open_study(tmp_path / "out").sizes["point"] == 10_000


def test_ctrl_c_keeps_what_is_done(tmp_path):
    path = study_in(tmp_path, "axes: {seed: {low: 1, high: 100000, count: 100000}}\n")
    process = start("sweep", path, "--workers", 1, "-o", tmp_path / "out")
    deadline = time.monotonic() + 100
    while not (tmp_path / "out" / "results.zarr" / "time_mean" / "c" / "0").exists():
        assert time.monotonic() < deadline and process.poll() is None, process.communicate()
        time.sleep(0.05)
    time.sleep(0.3)
    code, _, err, seconds = stop(process)
    assert (code, err) == (130, "spinhop: interrupted; finished stages are kept\n") and seconds < 5
    assert open_study(tmp_path / "out")["done"].values.any()


def test_large_studies_begin_soon(tmp_path, monkeypatch):
    """What points have in common is hashed once, and none is made ready before those ahead of it are computed."""
    sent, told, own = [], [], StudyPlan.sent
    monkeypatch.setattr(StudyPlan, "sent", lambda plan, k: sent.append(own(plan, k)) or sent[-1])

    path = study_in(tmp_path, "trials: 1\naxes: {seed: [1, 2]}\n")
    sweep(path, tmp_path / "out", progress=lambda *_: told.append(len(sent)))
    assert told == [0, 1, 2] and sent[0].digest is sent[1].digest


def test_a_dry_run_counts_and_keeps_nothing(tmp_path):
    path = study_in(tmp_path, "trials: 1\naxes: {seed: [1, 2, 3], device.tmr: [1, 2]}\n")
    would = estimate(path, tmp_path / "out", workers=2)
    assert (would.points, would.missing, would.workers) == (6, 6, 2) and not (tmp_path / "out").exists()
    assert would.seconds == pytest.approx(3 * would.seconds_per_point) and would.seconds > 0
    sweep(path, tmp_path / "out")
    kept = files_of_store(tmp_path / "out")
    assert estimate(path, tmp_path / "out").missing == 0 and files_of_store(tmp_path / "out") == kept


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("axes: {}\n", "axes: must not be empty"),
        ("axes: {seed: []}\n", "axes.seed: 0 values, allowed 1"),
        ("axes: {operating_point.weigth: [1 mV]}\n", "axes.operating_point.weigth: '1 mV': "),
        ("axes: {operating_point.weight: [0.1]}\n", "has no unit"),
        ("axes: {operating_point.weight: [-1 V]}\n", "is outside 0.001 mV"),
        ("axes: {device: [1]}\n", "axes.device: 1: "),
        ("axes: {process.layers.m9.thickness: [1 nm]}\n", "no field of a process"),
        ("axes: {process.layers.m3.width: [1 nm]}\n", "'1 nm': no field layers.m3.width of"),
        ("axes: {seed: [1, 1]}\n", "axes.seed: a value is given twice"),
        ("axes: {seed: {low: 1, high: 9}}\n", "axes.seed: a range in a grid needs count"),
        ("axes: {seed: {low: 1, high: 3, count: 9}}\n", "fewer than 9 different values"),
        ("axes: {seed: {low: 9, high: 1, count: 2}}\n", "two numbers, lowest first"),
        ("axes: {operating_point.soma_leak: {low: -1 m/s, high: 1 m/s, count: 3, spacing: log}}\n", "ends of one sign"),
        ("axes: {seed: {low: [1], high: 3, count: 3}}\n", "axes.seed.low: list of 1 is neither a number"),
        ("axes: {seed: [{a: 1}]}\n", "axes.seed.0: dict of 1 is no value of a field"),
        ("axes: {name: [a]}\n", "not to be changed"),
        ("method: sobol\naxes: {seed: [1]}\n", "method sobol needs points"),
        ("points: 3\naxes: {seed: [1]}\n", "points: grid has as many as its axes say"),
        ("method: list\naxes: {seed: [1], device.tmr: [1, 2]}\n", "as many values of each, found seed 1, device.tmr 2"),
        ("engine: warp\naxes: {seed: [1]}\n", "engine: 'warp', allowed: auto"),
        ("methode: list\naxes: {seed: [1]}\n", "did you mean 'method'?"),
        ("axes: {seed: {low: 1, high: 9999, count: 2000}, device.tmr: {low: 1, high: 2, count: 2000}}\n", "4000000"),
    ],
)  # fmt: skip
def test_studies_that_are_none(tmp_path, text, message):
    with pytest.raises(InputError) as found:
        sweep(study_in(tmp_path, text), tmp_path / "out")
    assert message in str(found.value), found.value
    line = r":1: (method|points)" if text.split(":")[0] in ("points", "method") and "list" not in text else r":[34]: "
    assert re.match(re.escape(str(tmp_path / "study.yaml")) + line, str(found.value)), found.value
    assert len(found.value.lines) == 1 and len(found.value.lines[0]) <= 191
    assert not (tmp_path / "out").exists()


def test_stores_and_schedulers_that_are_none(tmp_path):
    path, out = study_in(tmp_path, "trials: 1\naxes: {seed: [1]}\n"), tmp_path / "out"
    with pytest.raises(InputError, match="none answers"):
        sweep(path, out, scheduler="tcp://127.0.0.1:1")
    assert not out.exists()
    sweep(path, out)
    for text in ("trials: 2\naxes: {seed: [1]}\n", "trials: 1\naxes: {device.tmr: [1]}\n"):
        with pytest.raises(InputError, match=r"of another study: its .* differs?; choose another folder"):
            sweep(study_in(tmp_path, text), out)
    with pytest.raises(InputError, match="of another study: its design differs; "):
        sweep(study_in(tmp_path, "trials: 1\naxes: {seed: [1]}\n", DESIGN + "seed: 4\n"), out)
    study_in(tmp_path, "trials: 1\naxes: {seed: [1]}\n")
    meta = (out / "results.zarr" / "zarr.json").read_text()
    (out / "results.zarr" / "zarr.json").write_text(meta[: len(meta) // 2])
    for call in (lambda: sweep(path, out), lambda: open_study(out), lambda: estimate(path, out)):
        with pytest.raises(InputError, match="damaged, or no store of a study"):
            call()
    sweep(path, out, fresh=True)
    chunk = out / "results.zarr" / "energy_mean" / "c" / "0"
    chunk.write_bytes(b"junk")
    with pytest.raises(InputError, match="damaged, or no store of a study"):
        sweep(path, out)
    with pytest.raises(InputError, match="has the study itself"):
        sweep(path, tmp_path)


def test_the_command_says_what_it_did(tmp_path, spinhop):
    path = study_in(tmp_path, "trials: 1\naxes: {seed: [1, 2]}\n")
    code, out, err = spinhop("sweep", path, "-o", tmp_path / "out", "--workers", 1, "--json")
    assert code == 0, err
    assert json.loads(out) == {"points": 2, "kept": 0, "refused": 0, "problem": None, "folder": str(tmp_path / "out")}
    assert json.loads(spinhop("sweep", path, "-o", tmp_path / "out", "--dry-run", "--json")[1])["missing"] == 0
    with xr.open_zarr(tmp_path / "out" / "results.zarr", consolidated=False) as data:
        assert {"seed", "design_hash"} <= set(data.coords) and data.attrs["study_seed"] == "1"
