"""Simulations that are killed go on from their checkpoint and end with the same bits."""

import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sim
import sim.simulate
from hwlib.errors import InputError
from hwlib.network import Network
from hwlib.schematic import ideal_network, ladder_network
from hwlib.storage.writing import temporary_of
from hwlib.weights import hebbian
from sim.checkpoint import CheckpointError, FinishedTrials, read_state, under_way, write_state
from sim.engines import Options
from sim.engines.driver import TrialRun
from sim.engines.layout.layout_stepper import LayoutSolver
from sim.protocol import Protocol, protocol_for
from sim.tasks.setup import paper_design
from sim.thermal.ideal_walls import prepare as walls_at_a_temperature
from sim.ties import NEAR_TIE
from tests.support.undriven import quiet, undriven

SAME = ("time_load", "time_convergence", "at_rest", "state", "wall_final", "energy_source", "energy_sink", "steps")
TRIALS, FEW = 12, 4


def trials(neurons: int, ohm: float, count: int = TRIALS) -> tuple[Network, list[Protocol]]:
    design = paper_design(neurons)
    process = design.load_process()
    rng = np.random.default_rng(4)
    protocols = [
        protocol_for(
            design, process, levels=hebbian(rng.integers(0, 2, (2, neurons))), start=rng.integers(0, 2, neurons)
        )
        for _ in range(count)
    ]
    network = ladder_network(design, process, ohm) if ohm else ideal_network(design, process, style="lines")
    return network, protocols


def one_trial(checkpoint: Path | None):
    """A trial of many small steps."""
    network, (protocol,) = trials(12, 2.0, 1)
    return sim.run(network, protocol, engine="layout", record=False, tolerance=1e-12, checkpoint=checkpoint)


def many_trials(engine: str, checkpoint: Path | None):
    kinds = {"reference": (3, 2.0, FEW), "ideal": (20, 0.0), "layout": (12, 2.0)}
    network, protocols = trials(*kinds[engine])
    return sim.run_batch(network, protocols, engine=engine, checkpoint=checkpoint)


def kill_after(call: str, ready: str, tmp_path: Path) -> None:
    """Run ``call`` of this module in a process of its own; kill it as soon as ``ready`` holds."""
    code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
import sim.simulate, test_checkpoint
sim.simulate._KEEP_EVERY = 0.0
path = Path({str(tmp_path / "run.npz")!r})
{call}
print("finished", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    path = tmp_path / "run.npz"
    try:
        while process.poll() is None:
            if eval(ready, {"path": path, "np": np}):
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.002)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == -signal.SIGKILL and out == b"", "it ended before it could be killed"


def assert_same(one, other):
    for name in SAME:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_a_killed_trial_goes_on_with_the_same_bits(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    whole = one_trial(None)
    kill_after("test_checkpoint.one_trial(path)", "path.with_name('run.npz.trial').exists()", tmp_path)
    done, load = [], TrialRun.load

    def seen(run, kept):
        load(run, kept)
        done.append(run.steps)

    monkeypatch.setattr(TrialRun, "load", seen)
    assert_same(one_trial(path), whole)
    assert len(done) == 1 and 0 < done[0] < int(whole.steps)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("engine", ["ideal", "layout", "reference"])
def test_a_killed_batch_repeats_no_finished_trial(tmp_path, engine, engine_calls):
    path = tmp_path / "run.npz"
    whole = many_trials(engine, None)
    kill_after(f"test_checkpoint.many_trials({engine!r}, path)", "path.exists()", tmp_path)
    with np.load(path) as kept:
        done = len(kept["steps"])
        np.testing.assert_array_equal(kept["wall_final"], whole.wall_final[:done])
    count = len(whole.steps)
    assert 1 <= done < count
    engine_calls.clear()
    assert_same(many_trials(engine, path), whole)
    again = int((whole.sensitivity > NEAR_TIE).sum())  # near ties are run a second time
    assert sum(len(protocols) for protocols, _ in engine_calls) == count - done + again
    assert list(tmp_path.iterdir()) == []


def test_what_a_kill_left_half_written_is_removed(tmp_path):
    path = tmp_path / "run.npz"
    for file in (path, under_way(path)):
        temporary_of(file).write_bytes(b"half of it")
    many_trials("ideal", path)
    assert list(tmp_path.iterdir()) == []


def test_progress_counts_kept_trials_too(tmp_path):
    network, protocols = trials(4, 0.0)
    seen = []
    sim.run_batch(network, protocols, checkpoint=tmp_path / "run.npz", progress=lambda *x: seen.append(x))
    assert seen[0] == (1, TRIALS) and seen[-1] == (TRIALS, TRIALS)


def test_checkpoints_that_do_not_fit_are_refused(tmp_path):
    path = tmp_path / "run.npz"
    network, protocols = trials(4, 0.0)

    class StoppedError(Exception):
        pass

    def stop(done, total):
        raise StoppedError

    with pytest.raises(StoppedError):
        sim.run_batch(network, protocols, checkpoint=path, progress=stop)
    kept = path.read_bytes()
    others = [
        {"network": network.with_devices(r_p=network.r_p * 1.1)}, {"protocols": protocols[::-1]},
        {"protocols": [replace(each, weight=0.2) for each in protocols]}, {"tolerance": 1e-8}, {"engine": "reference"},
    ]  # fmt: skip
    for change in others:
        values = {"network": network, "protocols": protocols} | change
        with pytest.raises(InputError, match="checkpoint of another network, protocol, engine or tolerance"):
            sim.run_batch(**values, checkpoint=path)
    assert path.read_bytes() == kept
    for broken in (b"nothing", kept[: len(kept) // 2]):
        path.write_bytes(broken)
        with pytest.raises(InputError, match="damaged, or no checkpoint"):
            sim.run_batch(network, protocols, checkpoint=path)


def test_traces_and_checkpoints_exclude_each_other(tmp_path):
    network, protocols = trials(3, 0.0, 1)
    with pytest.raises(InputError, match="record=False"):
        sim.run(network, protocols[0], checkpoint=tmp_path / "run.npz")


def test_damaged_checkpoints_are_refused_in_one_line(tmp_path):
    """Every byte of a small one, and what no writer of ours writes."""
    path = tmp_path / "kept.npz"
    arrays = {"a": np.arange(5.0), "b": np.array(3)}
    write_state(path, "me", arrays)
    whole = path.read_bytes()
    outcomes = {"read": 0, "refused": 0}
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x15]) + whole[place + 1 :])
        try:
            found = read_state(path, "me", list(arrays), "run")
        except CheckpointError as error:
            assert str(error).startswith(f"{path}: damaged, or no checkpoint (") and "\n" not in str(error)
            outcomes["refused"] += 1
        else:  # a date, or the like
            np.testing.assert_array_equal(found["a"], arrays["a"])
            assert int(found["b"]) == 3
            outcomes["read"] += 1
    assert outcomes["refused"] > 0.5 * len(whole)
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            read_state(path, "me", list(arrays), "run")


@pytest.mark.parametrize(
    "change",
    [
        {}, {"wall_final": np.zeros((2, 5))}, {"wall_final": np.zeros(2)}, {"energy_sink": np.zeros((2, 2))},
        {"steps": np.zeros(2)}, {"at_rest": np.zeros(2)}, {"time_load": np.zeros(2, "M8[s]")},
        {"margin": np.zeros(2, "V0")}, {"growth": np.zeros(2, complex)}, {"state_final": np.zeros((2, 0, 5))},
        {"wall_final": np.full((2, 4), np.nan)}, {"wall_final": np.full((2, 4), 1e-3)},
        {"wall_final": np.full((2, 4), -1e-12)}, {"time_load": np.full(2, -1.0)}, {"state_final": np.zeros((2, 1))},
        {"energy_sink": np.full((2, 3), -1e-12), "energy_source": np.full((2, 3), -1e-12)},
        {"energy_sink": np.full((2, 3), 1e-12)}, {"energy_source": np.full((2, 3), np.nan)}, "three trials of two",
    ],
    ids=str,
)  # fmt: skip
def test_finished_trials_of_other_shapes_are_refused(tmp_path, change):
    count = 3 if isinstance(change, str) else 2
    one = dict.fromkeys(("time_load", "time_convergence", "kcl_residual", "growth", "margin"), np.zeros(count))
    arrays = one | {
        "at_rest": np.zeros(count, bool), "steps": np.zeros(count, int), "wall_final": np.zeros((count, 4)),
        "energy_source": np.zeros((count, 3)), "energy_sink": np.zeros((count, 3)),
        "state_final": np.zeros((count, 0, 4)),
    }  # fmt: skip
    write_state(tmp_path / "kept.npz", "me", arrays | (change if isinstance(change, dict) else {}))
    network, _ = trials(2, 0.0, 1)
    if change == {}:
        assert FinishedTrials(tmp_path / "kept.npz", "me", network, 2).count == 2
    else:
        with pytest.raises(
            CheckpointError, match=r"kept\.npz: damaged, or no checkpoint \((arrays of|an array of|energy_sink is)"
        ):
            FinishedTrials(tmp_path / "kept.npz", "me", network, 2)


@pytest.mark.parametrize("kind", ["compressed", "claims", "objects", "lacking", "version", "folder", "fifo"])
def test_checkpoints_of_others_are_refused(tmp_path, kind):
    path = tmp_path / "kept.npz"
    if kind == "compressed":  # 800 MB in 800 kB
        np.savez_compressed(path, identity=np.array("me"), a=np.zeros(10**6))
    elif kind == "objects":
        np.savez(path, identity=np.array("me"), a=np.array([{}], object), allow_pickle=True)
    elif kind == "lacking":
        np.savez(path, identity=np.array("me"))
    elif kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        content = io.BytesIO()
        np.lib.format.write_array(content, np.zeros(3), version=(1, 0) if kind == "claims" else (2, 0))
        data = content.getvalue().replace(b"(3,), }         ", b"(10000000000,), }")
        with zipfile.ZipFile(path, "w") as archive:
            for name in ("identity", "a"):
                archive.writestr(f"{name}.npy", data)
    words = {
        "claims": "another shape than its data",
        "compressed": "not written by this",
        "version": "not written by this",
    }
    with pytest.raises(
        InputError, match=r"kept\.npz: (damaged, or no checkpoint \(|cannot read checkpoint file)"
    ) as error:
        read_state(path, "me", ["a"], "run")
    assert words.get(kind, "") in str(error.value)


def test_a_damaged_trial_under_way_does_not_cost_the_finished_ones(tmp_path):
    from spinhop.stages import _resumed

    network, protocols = trials(4, 0.0)
    path = tmp_path / "run.npz"
    ran, said = [], []

    def stop(done, total):
        if done >= 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sim.run_batch(network, protocols, checkpoint=path, progress=stop)
    under_way(path).write_bytes(b"junk")

    def go_on():
        if under_way(path).exists():
            read_state(under_way(path), "me", [], "run")
        return sim.run_batch(network, protocols, checkpoint=path, progress=lambda done, total: ran.append(done))

    result = _resumed(go_on, said.append)
    assert ran[0] > 1 and result.sizes["trial"] == TRIALS
    assert (
        len(said) == 1 and "run.npz.trial: damaged, or no checkpoint (BadZipFile); its trials are run again" in said[0]
    )


def refused_when_changed(run: TrialRun, path: Path, change: dict[str, float]) -> None:
    """Save a trial under way, change the last number of some of its arrays, and load it; no change: it loads."""
    run.save(path)
    with np.load(path) as file:
        arrays = {name: file[name].copy() for name in file.files}
    for name, value in change.items():
        arrays[name].flat[-1] = value
    write_state(path, str(arrays.pop("identity")), arrays)
    if not change:
        run.load(path)
    else:
        with pytest.raises(CheckpointError, match=r"damaged, or no checkpoint \(arrays of other shapes or numbers\)"):
            run.load(path)


@pytest.mark.parametrize(
    "change",
    [{}, {"wall": np.nan}, {"wall": 1.0}, {"wall": -1e-9}, {"motion_s": np.nan}, {"motion_s": 1e9}, {"energy": np.inf},
     {"motion_state": 7}, {"phase_time": -1e-9}, {"phase": 5}, {"phase": 2}, {"phase": -2}, {"phase_time": 1e300},
     {"phase_time": np.nan}, {"at_rest": True}, {"steps": -1}, {"residual": -1.0}, {"residual": np.nan},
     {"energy": -1e-12}, {"motion_energy": 1e-12}, {"motion_growth": 1e6}, {"motion_growth": -1.0},
     {"motion_growth": 0.5}, {"motion_clock": np.inf}],
    ids=str,
)  # fmt: skip
def test_a_trial_under_way_with_impossible_numbers_is_refused(tmp_path, change):
    network, (protocol,) = trials(4, 2.0, 1)
    run = TrialRun(LayoutSolver(network, 1), protocol, Options(tolerance=1e-9))
    run.go(20)
    refused_when_changed(run, tmp_path / "run.npz.trial", change)


@pytest.mark.parametrize(
    "change",
    [{}, {"motion_place": 1.0}, {"motion_place": -1e-9}, {"motion_place": np.nan}, {"motion_taken": -1},
     {"motion_taken": 10**6}, {"motion_energy": np.inf}, {"motion_energy": 1e-3}, {"phase": -1}],
    ids=str,
)  # fmt: skip
def test_a_thermal_trial_under_way_with_impossible_numbers_is_refused(tmp_path, change):
    """More steps than the phase has would end it there, without a word."""
    network = undriven(2)
    run = TrialRun(walls_at_a_temperature(network), quiet(network, 1e-8, increment=1e-11), Options(tolerance=1e-9))
    run.go(20)
    refused_when_changed(run, tmp_path / "run.npz.trial", change)


@pytest.mark.parametrize(
    ("name", "values"),
    [("phase", 0.7), ("phase", [0]), ("steps", 1.5), ("at_rest", [1, 0]), ("phase_time", [1.0, 0.0]),
     ("motion_clock", [1.0, 0, 0, 1, 1, 5e-8]), ("motion_clock", [0, 0, 0, np.inf, 1, 5e-8]),
     ("energy", [-1.0] * 6), ("motion_state", 0.5), ("motion_growth", [np.inf])],
    ids=str,
)  # fmt: skip
def test_a_trial_under_way_with_other_arrays_is_refused(tmp_path, name, values):
    network, (protocol,) = trials(4, 2.0, 1)
    run, path = TrialRun(LayoutSolver(network, 1), protocol, Options(tolerance=1e-9)), tmp_path / "run.npz.trial"
    run.go(20)
    run.save(path)
    with np.load(path) as file:
        arrays = dict(file)
    whole = np.array(values)
    arrays[name] = np.resize(whole, arrays[name].shape) if name in ("motion_state", "motion_growth") else whole
    write_state(path, str(arrays.pop("identity")), arrays)
    with pytest.raises(CheckpointError, match=r"damaged, or no checkpoint \(arrays of other shapes or numbers\)"):
        run.load(path)


def test_a_trial_s_impossible_phase_costs_that_trial_alone(tmp_path):
    """It ended in a traceback at every start."""
    from spinhop.stages import _resumed

    network, (protocol,) = trials(4, 2.0, 1)
    path, said = tmp_path / "run.npz", []
    run = TrialRun(LayoutSolver(network), protocol, Options())
    run.save(under_way(path))
    with np.load(under_way(path)) as file:
        arrays = dict(file) | {"phase": np.array(5)}
    write_state(under_way(path), str(arrays.pop("identity")), arrays)
    result = _resumed(
        lambda: sim.run_batch(network, [protocol], engine="layout", tolerance=run.options.tolerance, checkpoint=path),
        said.append,
    )
    assert result.sizes["trial"] == 1 and list(tmp_path.iterdir()) == []
    assert len(said) == 1 and "run.npz.trial: damaged, or no checkpoint (arrays of" in said[0]
