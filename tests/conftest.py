"""Shared fixtures: small designs, and artefacts of a run made without running it."""

from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import xarray as xr

from hwlib.design import Design
from hwlib.network import Network
from spinhop.cli import GARBAGE_AFTER

if TYPE_CHECKING:
    from sim.protocol import Protocol
    from sim.result import Trials


def pytest_configure() -> None:
    """Look for garbage as seldom as a command does: each look goes through all that libraries have loaded."""
    gc.set_threshold(GARBAGE_AFTER, 10, 10)


@pytest.fixture
def engine_calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Sequence[Protocol], int]]:
    """Protocols, and steps of all their trials, of every call of an engine from here on, in order."""
    import sim.simulate

    calls, run_trials = [], sim.simulate.run_trials

    def counting(engine: Any, network: Network, protocols: Sequence[Protocol], options: Any) -> Trials:
        trials = run_trials(engine, network, protocols, options)
        calls.append((protocols, int(trials.steps.sum())))
        return trials

    monkeypatch.setattr(sim.simulate, "run_trials", counting)
    return calls


@pytest.fixture(scope="module")
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Runs without ``--out`` go into a folder of the module's own, not into the checkout."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("runs"))
        yield


@pytest.fixture
def design_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a design file: ``design_file(text)`` or, for N = 3 with defaults, ``design_file()``."""

    def write(text: str = "name: tiny\nnetwork: {neurons: 3}\n", name: str = "tiny.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def synthetic_trial(network: Network, seed: int) -> xr.Dataset:
    """A dataset with the variables of ``sim.run`` and invented values: walls run from 0 to either end."""
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, 2, network.devices) * network.length
    stop = 40e-9 / rng.uniform(0.8, 1.2, network.devices)
    event = {  # of each wall: begin, stop, end
        "event_device": np.repeat(np.arange(network.devices, dtype=np.int32), 3),
        "event_time": np.stack([np.zeros_like(stop), stop, np.full_like(stop, 80e-9)], axis=1).ravel(),
        "event_wall": np.stack([np.zeros_like(ends), ends, ends], axis=1).ravel(),
        "event_kind": np.tile(np.array([0, 2, 8], np.int8), network.devices),
    }  # fmt: skip
    return xr.Dataset(
        {
            "wall_final": ("device", ends), "state": ("neuron", (ends[network.somas] > 0).astype(np.int8)),
            "time_load": 16e-9, "time_convergence": 64e-9, "time_to_solution": 80e-9, "at_rest": True,
            "undetermined": False, "other_state": ("neuron", (ends[network.somas] > 0).astype(np.int8)),
            "other_time": 80e-9,
            "energy_source": ("source", [3e-12, 1e-12, 5e-13]), "energy_sink": ("sink", [2e-12, 2.4e-12, 1e-13]),
        } | {name: ("event", value) for name, value in event.items()},
        coords={"source": ["weight", "vdw", "load"], "sink": ["pillar", "track", "wire"]},
    )  # fmt: skip


def synthetic_recall(neurons: int, trials: int, seed: int, resting: int | None = None) -> xr.Dataset:
    """A dataset with the variables of ``sim.recall`` that the face reads, and invented values."""
    from sim.tasks.scores import score, summarise, summarise_trials

    rng = np.random.default_rng(seed)
    rest = np.arange(trials) < (trials if resting is None else resting)
    pattern = np.arange(neurons) % 2
    state = np.tile(pattern, (trials, 1))
    state[:, 0] = rng.random(trials) > 0.8  # one bit is wrong now and then
    delivered = rng.uniform(1e-12, 3e-12, (trials, 3))
    result = xr.Dataset(
        {
            "state": (("trial", "neuron"), state), "at_rest": ("trial", rest),
            "undetermined": ("trial", np.zeros(trials, bool)),
            "time_to_solution": ("trial", rng.uniform(60e-9, 110e-9, trials)),
            "energy_source": (("trial", "source"), delivered),
            "energy_sink": (("trial", "sink"), delivered[:, [1, 0, 2]]),
        },
        coords={"source": ["weight", "vdw", "load"], "sink": ["pillar", "track", "wire"]},
    )  # fmt: skip
    added = summarise_trials(result) | score(state, rest, pattern[None])
    result.update(added | summarise(added["accuracy"][1], added["recalled"][1]))
    return result


def _write_synthetic_run(folder: Path, neurons: int, traces: bool, resting: int | None) -> None:
    from PIL import Image

    from hwlib.network_file import write_network
    from hwlib.process import load_process
    from hwlib.schematic import ladder_network
    from spinhop.run_folder.provenance import file_hash

    design = Design(name="synthetic", network={"neurons": neurons})
    network = ladder_network(design, load_process("ebeam"), 2.0)
    (folder / "design.yaml").write_text(f"name: synthetic\nnetwork: {{neurons: {neurons}}}\n")
    write_network(network, folder / "network.nc")
    for k, name in enumerate(("ideal.nc", "drawn.nc")):
        trial = synthetic_trial(network, seed=k)
        (trial if traces else trial.drop_dims("event")).to_netcdf(folder / name, engine="netcdf4")
    synthetic_recall(neurons, 20, seed=1).to_netcdf(folder / "recall_ideal.nc", engine="netcdf4")
    synthetic_recall(neurons, 20, seed=2, resting=resting).to_netcdf(folder / "recall_drawn.nc", engine="netcdf4")
    Image.new("RGB", (60, 40), "#3056a0").save(folder / "layout.png")
    stages = {
        "layout": ["layout.png"], "extraction": ["network.nc"], "simulation, ideal": ["ideal.nc"],
        "simulation, drawn": ["drawn.nc"], "recall, ideal": ["recall_ideal.nc"],
        "recall, drawn": ["recall_drawn.nc"],
    }  # fmt: skip
    manifest = {
        "format": "spinhop-run-1", "design": "synthetic", "seed": 1,
        "versions": {"python": "3"},
        "stages": {
            stage: {
                "seconds": 1.0, "finished": "now", "inputs": "0",
                "files": {name: file_hash(folder / name) for name in files},
            } for stage, files in stages.items()
        },
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture(scope="session")
def synthetic_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The folder that ``synthetic_run`` copies: its files take a second to write, and are the same in every test."""

    @cache
    def made(neurons: int, traces: bool, resting: int | None) -> Path:
        folder = tmp_path_factory.mktemp("synthetic")
        _write_synthetic_run(folder, neurons, traces, resting)
        return folder

    return made


@pytest.fixture
def synthetic_run(tmp_path: Path, synthetic_folder: Callable[..., Path]) -> Callable[..., Path]:
    """Make a run folder with every artefact the report reads, from ladders of 2 Ω and invented results."""

    def make(neurons: int = 4, *, traces: bool = True, resting: int | None = None) -> Path:
        return Path(shutil.copytree(synthetic_folder(neurons, traces, resting), tmp_path / "run"))

    return make


@pytest.fixture
def spinhop(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Call the command line in this process: ``code, out, err = spinhop("run", path)``."""
    from spinhop.cli import main

    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return call
