"""Layouts of the drawn part, each with its trials: the same on its wires and on ideal ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from hwlib.design import Design
from hwlib.network import Network
from hwlib.schematic import ideal_network
from hwlib.storage.json_files import read_json
from hwlib.storage.writing import write_text
from sim.tasks import maxcut
from sim.tasks.images import letters
from sim.tasks.random_recall import image_recall
from sim.tasks.rudy import g05, random_graph
from sim.tasks.run_task import recall
from sim.tasks.setup import with_levels
from spinhop.reproduce.corners import Corner, DrawnDesign, with_patterns
from spinhop.reproduce.task import NJ, NS, PERCENT
from spinhop.reproduce.wire_resistance import TIME_LIMIT, WALL_TOLERANCE
from spinhop.runtime.executor import executor

DISTORTION = 0.1  # of the letters
CUT_LIMIT = 1.5e-6  # s: on ideal wires the longest of the ten graphs takes 1.03 µs
_PROCESSES_FROM = 8  # fewer layouts are done sooner without starting other processes, which takes a second

Values = dict[str, list[float]]


@dataclass(frozen=True)
class LayoutTrials:
    """One layout and its trials.

    Attributes:
        name: of the experiment; layouts of one name are pooled.
        corner: how it is drawn.
        kind: what it runs.
        neurons: N.
        trials: starts on this layout (images: so many of the letters, once each; max-cut has one start).
        seed: of its weights and starts, alike in all corners.
        folder: where its layout and its result go.
        key: of the run; a stored result of another key is not used.
        patterns: stored patterns (recall).
        weight: W in V.
        v_charge: V_C in V.
        ask: whether the rules are asked about this layout.
    """

    name: str
    corner: Corner
    kind: Literal["recall", "images", "maxcut"]
    neurons: int
    trials: int
    seed: int
    folder: Path
    key: str = ""
    patterns: int = 1
    weight: float = 0.1
    v_charge: float = 0.1
    ask: bool = False


def run_layout(trials: LayoutTrials) -> dict[str, Any]:
    """Draw, extract and simulate; returns ``ideal`` and ``drawn`` (lists of values per trial) and ``facts``."""
    limit = CUT_LIMIT if trials.kind == "maxcut" else TIME_LIMIT
    design = trials.corner.design(trials.neurons, weight=trials.weight, v_charge=trials.v_charge, time_limit=limit)
    graph: Any = None
    if trials.kind == "recall":
        words = np.random.default_rng(trials.seed).integers(0, 2, (trials.patterns, trials.neurons))
        design = with_patterns(design, ["".join(map(str, word)) for word in words], trials.seed)
    elif trials.kind == "images":
        words = np.array([picture.ravel() for picture in letters().values()])
        design = with_patterns(design, ["".join(map(str, word)) for word in words], trials.seed)
    else:
        graph = g05(60, trials.seed % 10) if trials.neurons == 60 else random_graph(trials.neurons, 0.5, trials.seed)
        design = with_levels(design, maxcut.weight_levels(graph, "paper"))
    drawing = DrawnDesign(design, trials.folder)
    ideal = ideal_network(design, drawing.process)
    return {
        "ideal": _values(_simulate(trials, design, ideal, "ideal", graph)),
        "drawn": _values(_simulate(trials, design, drawing.network, "layout", graph)),
        "facts": drawing.facts() if trials.ask else None,
    }


def _simulate(trials: LayoutTrials, design: Design, network: Network, engine: str, graph: Any) -> xr.Dataset:
    process = design.load_process()
    how: dict[str, Any] = {"engine": engine, "tolerance": WALL_TOLERANCE}
    if trials.kind == "recall":
        return recall(network, design, process, trials=trials.trials, **how)
    if trials.kind == "images":
        words = np.array([[int(bit) for bit in word] for word in design.network.weights.patterns or ()])
        return image_recall(
            design, words, np.array([DISTORTION]), 1, trials.seed,
            which=range(trials.trials), process=process, network=network, **how,
        )  # fmt: skip
    return maxcut.solve([graph], mapping="paper", design=design, process=process, network=network, **how)


def _values(data: xr.Dataset) -> Values:
    values = {
        "time": NS * data["time_to_solution"].values,
        "energy": NJ * data["energy_source"].sum("source").values,
        "rests": PERCENT * data["at_rest"].values,
        "undetermined": PERCENT * data["undetermined"].values,
    }
    for name, scale in (("accuracy", PERCENT), ("cut", 1.0)):
        if name in data:
            values[name] = scale * data[name].values
    return {name: [float(x) for x in array] for name, array in values.items()}


def run_layouts(
    wanted: Sequence[LayoutTrials], workers: int | None = None, scheduler: str | None = None
) -> Iterator[dict[str, Any]]:
    """Results in the order of the layouts; finished ones are not repeated.

    Args:
        wanted: the layouts.
        workers: as of ``executor``; None starts processes only where there is enough to do.
        scheduler: as of ``executor``.

    Raises:
        StoppedError: a process ended before its layout was done.
    """
    kept = {k: result for k, trials in enumerate(wanted) if (result := _load(trials)) is not None}
    waiting = [k for k in range(len(wanted)) if k not in kept]
    few = not waiting or (workers is None and len(waiting) < _PROCESSES_FROM)
    with executor(1 if few else workers, scheduler if waiting else None) as processes:
        finished = processes.finished(run_layout, [wanted[k] for k in waiting])
        for k in range(len(wanted)):
            while k not in kept:
                j, result = next(finished)
                _store(wanted[waiting[j]], result)
                kept[waiting[j]] = result
            yield kept.pop(k)


def _file(trials: LayoutTrials) -> Path:
    return trials.folder / "result.json"


def _load(trials: LayoutTrials) -> dict[str, Any] | None:
    """The stored result of a layout, None when there is none of these very trials and key."""
    try:
        data = read_json(_file(trials), dict[str, Any], "result of a layout")
        return dict(data["result"]) if data["trials"] == _identity(trials) else None
    except (ValueError, KeyError, TypeError):  # InputError is a ValueError
        return None


def _store(trials: LayoutTrials, result: dict[str, Any]) -> None:
    text = json.dumps({"trials": _identity(trials), "result": result}, indent=1)
    write_text(_file(trials), text + "\n")


def _identity(trials: LayoutTrials) -> dict[str, Any]:
    return {name: value for name, value in asdict(trials).items() if name != "folder"}
