"""A whole run on a small design: every artefact, kept stages, interruption, and agreement with the public calls."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from hwlib.design import load_design
from hwlib.network_file import read_network
from hwlib.schematic import ideal_network
from spinhop import characterise
from spinhop.stages import RECALL_TOLERANCE
from tests.support.described import assert_described
from tests.support.processes import start, stop

DESIGN = """\
name: whole
seed: 3
network:
  neurons: 3
  dendrite_width: 100 nm
  drive_width: 100 nm
  ground_width: 100 nm
  weight_width: 80 nm
task: {trials: 4}
waivers: {current.m1: 246 of 240 µA in one start for nanoseconds}
"""
FILES = [
    "input/whole.yaml", "design.yaml", "process.yaml", "layout.gds", "layout.oas", "layout.png", "neuron.png",
    "layout.lyp", "layout.lyt",
    "network.nc", "network.spef", "network.spice", "ideal.nc", "drawn.nc", "recall_ideal.nc", "recall_drawn.nc",
    "report.html", "manifest.json", "checks.html", "windows.svg", "devices.nc", "drc.json", "drc.lyrdb", "lvs.json",
    "lvs.lyrdb", "lvs.lvsdb", "erc_ideal.json", "erc_ideal.lyrdb", "erc_ideal_table.json", "erc_drawn.json",
    "erc_drawn.lyrdb", "erc_drawn_table.json",
]  # fmt: skip


def _statuses(err: str) -> dict[str, str]:
    """Stage → ``unchanged`` or ``done`` from the progress lines."""
    found = re.findall(r"^(\S.*?)\s{2,}(unchanged|[\d.]+ s)$", err, re.MULTILINE)
    return {stage: "unchanged" if status == "unchanged" else "done" for stage, status in found}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[Path, Path, str, str]:
    """Design, run folder, and what the first run printed."""
    folder = tmp_path_factory.mktemp("whole")
    design = folder / "whole.yaml"
    design.write_text(DESIGN)
    command = [sys.executable, "-m", "spinhop", "run", str(design), "--out", str(folder / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return design, folder / "run", done.stdout, done.stderr


def test_every_artefact_and_nothing_else(whole):
    _, run, out, err = whole
    files = {str(p.relative_to(run)) for p in run.rglob("*") if p.is_file()}
    assert files - {".lock"} == set(FILES)
    assert out.splitlines()[-4] == str(run)
    for path in run.glob("*.nc"):
        assert assert_described(path).attrs["seed"] == 3
    assert set(_statuses(err).values()) == {"done"} and len(_statuses(err)) == 13


def test_a_table_of_the_macro_has_the_numbers_of_the_run(whole, tmp_path):
    design, run, _, _ = whole
    found = characterise(design, tmp_path, supplies=(1.0,))
    (row,) = found.rows
    assert row["own"] and not row["problem"] and row["temperature"] is None
    with xr.open_dataset(run / "recall_drawn.nc") as result:
        for name in ("v_dw", "time_mean", "time_max", "energy_mean", "rest_rate", "accuracy_mean", "recall_rate"):
            assert row[name] == float(result[name]), name
    values = json.loads((run / "erc_drawn_table.json").read_text())["values"]
    assert (row["window_low"], row["window_high"]) == (max(values["low"]), min(values["high"]))


def test_second_run_keeps_every_stage(spinhop, whole):
    design, run, _, _ = whole
    before = {p: p.stat().st_mtime_ns for p in run.glob("*") if p.name not in ("manifest.json", ".lock")}
    code, out, err = spinhop("run", design, "--out", run, "--json")
    assert code == 0 and set(_statuses(err).values()) == {"unchanged"}
    assert {p: p.stat().st_mtime_ns for p in before} == before
    data = json.loads(out)
    assert set(data["outcome"]) == {"ideal", "drawn"} and data["outcome"]["drawn"]["trials"] == 4


def test_a_report_written_again_is_not_taken_for_edited(spinhop, whole):
    design, run, _, _ = whole
    assert spinhop("report", run)[0] == 0
    code, _, err = spinhop("run", design, "--out", run)
    assert code == 0 and set(_statuses(err).values()) == {"unchanged"}


def test_one_verdict_in_run_check_recall_report_and_their_pages(spinhop, whole):
    design, run, printed, _ = whole
    lines = printed.splitlines()[-3:-1]
    assert [line.split(",")[0] for line in lines] == ["function: works", "limits: waived"]
    code, out, err = spinhop("check", design, "--out", run)
    assert code == 0 and set(_statuses(err).values()) == {"unchanged"} and out.splitlines()[-2] == lines[1]
    code, out, err = spinhop("recall", design, "--out", run)
    assert code == 0 and set(_statuses(err).values()) == {"unchanged"} and out.splitlines()[-2] == lines[0]
    assert spinhop("report", run)[1].splitlines()[-3:-1] == lines
    data = {}
    for command in ("run", "check", "recall"):
        data |= json.loads(spinhop(command, design, "--out", run, "--json")[1])
    assert [data[name]["text"] for name in ("function", "limits")] == lines
    assert data["limits"]["rule"] == "current.m1" and data["limits"]["margin"] < 0
    assert data["function"]["drawn"]["accuracy_mean"] == data["outcome"]["drawn"]["accuracy_mean"]
    page, checks = (html.unescape((run / name).read_text()) for name in ("report.html", "checks.html"))
    assert all(line in page for line in lines) and lines[1] in checks
    for fact in ("centre of the drawn window", "centre of the ideal window", "ebeam", "R_P, R_AP", "pattern 0"):
        assert fact in page


def test_more_trials_repeat_only_what_reads_them(spinhop, whole, tmp_path):
    _, run, _, _ = whole
    design = tmp_path / "whole.yaml"
    design.write_text(DESIGN.replace("trials: 4", "trials: 5"))
    copy = tmp_path / "run"
    subprocess.run(["cp", "-a", str(run), str(copy)], check=True)
    code, _, err = spinhop("run", design, "--out", copy)
    statuses = _statuses(err)
    assert code == 0 and statuses["layout"] == statuses["extraction"] == "unchanged"
    assert statuses["recall, drawn"] == statuses["report"] == "done"


def test_results_are_those_of_the_public_calls(whole):
    design_path, run, _, _ = whole
    design = load_design(design_path)
    process = design.load_process()
    networks = {"ideal": ideal_network(design, process), "drawn": read_network(run / "network.nc")}
    for kind, network in networks.items():
        expected = sim.recall(network, design, process, tolerance=RECALL_TOLERANCE)
        with xr.open_dataset(run / f"recall_{kind}.nc", engine="netcdf4") as stored:
            np.testing.assert_array_equal(stored["state"], expected["state"])
            np.testing.assert_allclose(stored["time_to_solution"], expected["time_to_solution"], rtol=1e-9)
            with xr.open_dataset(run / f"{kind}.nc", engine="netcdf4") as trial:
                np.testing.assert_array_equal(trial["state"], stored["state"][0])  # the traced trial is the first
                assert trial["event_wall"].dims == ("event",)


def test_drawn_wires_take_longer_than_none(whole):
    _, run, _, _ = whole
    times = {}
    for kind in ("ideal", "drawn"):
        with xr.open_dataset(run / f"{kind}.nc", engine="netcdf4") as trial:
            assert bool(trial["at_rest"]) and float(trial["energy_balance"]) < 1e-6
            times[kind] = float(trial["time_to_solution"])
    assert times["drawn"] > times["ideal"]


def test_resolved_design_runs_to_the_same_result(spinhop, whole, tmp_path):
    _, run, _, _ = whole
    assert spinhop("recall", run / "design.yaml", "--ideal", "--out", tmp_path / "again")[0] == 0
    with (
        xr.open_dataset(run / "recall_ideal.nc", engine="netcdf4") as one,
        xr.open_dataset(tmp_path / "again" / "recall_ideal.nc", engine="netcdf4") as two,
    ):
        np.testing.assert_allclose(one["time_to_solution"], two["time_to_solution"], rtol=1e-9)


def test_report_holds_the_numbers_of_the_results(whole):
    _, run, _, _ = whole
    page = (run / "report.html").read_text()
    with xr.open_dataset(run / "recall_drawn.nc", engine="netcdf4") as recall:
        assert f"{1e9 * float(recall['time_to_solution'].mean()):.4g} ns" in page
    assert page.count("<img alt=") == 1 and "one neuron" in page and 'id="layout-data"' in page


def test_layout_drawn_elsewhere_gives_the_same_network(spinhop, whole, tmp_path):
    design, run, _, _ = whole
    code, _, _ = spinhop("extract", design, "--layout", run / "layout.gds", "--out", tmp_path / "again")
    assert code == 0
    one, two = read_network(run / "network.nc"), read_network(tmp_path / "again" / "network.nc")
    assert sorted(one.resistor_ohm) == pytest.approx(sorted(two.resistor_ohm))


def test_check_of_a_clean_design_and_of_a_weak_one(spinhop, whole, tmp_path):
    design = whole[0]
    code, out, _ = spinhop("check", design, "--out", tmp_path / "run", "--json")
    checked = json.loads(out)
    assert set(checked["findings"]) == {"drc", "lvs", "erc_ideal", "erc_drawn"}
    assert checked["findings"]["drc"] == checked["findings"]["lvs"] == []
    assert code == (1 if checked["failed"] else 0)
    weak = tmp_path / "weak.yaml"
    weak.write_text(DESIGN + "operating_point: {v_dw: 1 mV}\n")
    code, out, _ = spinhop("check", weak, "--out", tmp_path / "weak", "--json")
    errors = {f["rule"] for f in json.loads(out)["findings"]["erc_ideal"] if f["severity"] == "error"}
    assert code == 1 and "vdw.window" in errors


def test_design_with_a_matrix_has_no_recall_but_a_report(spinhop, tmp_path):
    design = tmp_path / "matrix.yaml"
    design.write_text(
        "name: matrix\n"
        "network: {neurons: 3, weight_style: lines, weights: {matrix: [[0, 1, 1], [1, 0, 1], [1, 1, 0]]}}\n"
    )
    code, out, err = spinhop("run", design, "--out", tmp_path / "run")
    assert code == 0, err
    assert not (tmp_path / "run" / "recall_drawn.nc").exists() and "final state" in out
    said = "function: comes to rest, as drawn: 1 of 1 trials at rest; ideal wires: comes to rest, 1 of 1 trials at rest"
    said += "; no stored patterns to compare with"
    assert f"{said}\n" in out and "next: to judge more than rest, give the patterns " in out
    assert said in html.unescape((tmp_path / "run" / "report.html").read_text())
    code, out, _ = spinhop("report", tmp_path / "run", "--json")
    assert code == 0 and json.loads(out)["function"]["verdict"] == "comes to rest"
    for wires in ([], ["--ideal"]):  # nothing was drawn first, which took seconds and left a folder
        code, _, err = spinhop("recall", design, "--out", tmp_path / "recalled", *wires)
        assert code == 2 and err.endswith("a matrix, there are no stored patterns to recall\n") and err.count("\n") == 1
        assert not (tmp_path / "recalled").exists()


def test_what_a_refused_run_would_remove_stays(spinhop, design_file, tmp_path):
    """Recalls of a design with patterns, when the next, with a matrix and so none, is given a bad layout."""
    out, bad = tmp_path / "run", tmp_path / "bad.gds"
    assert spinhop("recall", design_file(), "--ideal", "--out", out)[0] == 0
    bad.write_text("no layout")
    matrix = "name: tiny\nnetwork: {neurons: 3, weights: {matrix: [[0, 1, 1], [1, 0, 1], [1, 1, 0]]}}\n"
    code, _, err = spinhop("run", design_file(matrix, "matrix.yaml"), "--layout", bad, "--out", out)
    assert code == 2 and "bad.gds" in err
    assert (out / "recall_ideal.nc").is_file()
    assert "recall, ideal" in json.loads((out / "manifest.json").read_text())["stages"]


def test_interrupt_leaves_finished_stages_and_the_next_run_goes_on(spinhop, tmp_path):
    design = tmp_path / "whole.yaml"
    design.write_text(DESIGN)
    process = start("run", design, "--out", tmp_path / "run")
    first = process.stderr.readline()
    code, _, rest, _ = stop(process)
    assert first.startswith("layout") and code == 130
    assert rest.splitlines()[-1].startswith("spinhop: interrupted") and "Traceback" not in rest
    time.sleep(0.1)
    left = [p.name for p in (tmp_path / "run").iterdir() if p.name.startswith(".") and p.name != ".lock"]
    assert left == []
    code, _, err = spinhop("extract", design, "--out", tmp_path / "run")
    assert code == 0 and _statuses(err)["layout"] == "unchanged"


def test_a_recall_goes_on_between_trials_and_starts_anew_for_another_design(design_file, tmp_path, monkeypatch):
    import sim.simulate
    from spinhop.running import run_design

    class Stopping:
        def __call__(self, stage, status, seconds):
            pass

        def advance(self, done, total):
            if done == 2:
                raise KeyboardInterrupt

    text = "name: tiny\nnetwork: {{neurons: 3}}\ntask: {{trials: 4}}\nseed: {seed}\n"
    monkeypatch.setattr(sim.simulate, "_KEEP_EVERY", 0.0)  # every trial is kept
    whole = run_design(design_file(text.format(seed=1)), "recall", out=tmp_path / "whole").path("recall_drawn.nc")

    out = tmp_path / "run"
    for seed in (2, 1):  # the first leaves trials of another design behind
        with pytest.raises(KeyboardInterrupt):
            run_design(design_file(text.format(seed=seed)), "recall", out=out, progress=Stopping())
    partial = next(out.glob("recall_*.nc.partial"))
    with np.load(partial) as kept:
        assert len(kept["steps"]) == 2
    resumed = run_design(design_file(text.format(seed=1)), "recall", out=out).path("recall_drawn.nc")
    assert not list(out.glob("*.partial*"))
    with xr.open_dataset(whole, engine="netcdf4") as one, xr.open_dataset(resumed, engine="h5netcdf") as other:
        np.testing.assert_array_equal(one.wall_final, other.wall_final)
        np.testing.assert_array_equal(one.energy_source, other.energy_source)

    out = tmp_path / "only a trial under way"
    with pytest.raises(KeyboardInterrupt):
        run_design(design_file(text.format(seed=2)), "recall", out=out, progress=Stopping())
    for path in out.glob("*.partial*"):
        path.unlink()
    (out / "recall_drawn.nc.partial.trial").write_bytes(b"the first trial, of another design")
    assert run_design(design_file(text.format(seed=1)), "recall", out=out).path("recall_drawn.nc").exists()
    assert not list(out.glob("*.partial*"))
