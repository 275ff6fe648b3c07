"""Recall of a design's stored patterns by a network: starts, trials, accuracy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.network import Network
from hwlib.process import Process
from hwlib.weights import bits, stored_patterns
from sim.engines import DEFAULT_TOLERANCE, Progress
from sim.set_point import protocol_on, v_dw_on
from sim.simulate import run_batch
from sim.tasks.scores import nearest, score, summarise

STARTS_STREAM = 1  # spawn key of the starts; 0 is that of the stored patterns (hwlib.weights.stored_patterns)


def starts(design: Design, trials: int | None = None) -> np.ndarray:
    """The bits that the trials of a design load, shape (trials, N).

    The starts given by the task, again from the first when more are asked for; else random ones. Trial t's random
    bits come from ``SeedSequence(design.seed, spawn_key=(1, t))``: they do not depend on how many trials there are.

    Args:
        design: the design.
        trials: how many; default all given starts, or ``task.trials`` random ones.

    Raises:
        InputError: fewer than one trial.
    """
    given = design.task.starts
    count = trials if trials is not None else len(given) if given else design.task.trials
    if count < 1:
        raise InputError(f"trials: {count}, at least 1")
    if given:
        return bits([given[k % len(given)] for k in range(count)])
    n = design.network.neurons
    drawn = [_generator(design.seed, trial).integers(0, 2, size=n, dtype=np.int8) for trial in range(count)]
    return np.array(drawn)


def recall(
    network: Network, design: Design, process: Process, *, engine: str = "auto", trials: int | None = None,
    tolerance: float = DEFAULT_TOLERANCE, progress: Progress | None = None, checkpoint: str | Path | None = None,
) -> xr.Dataset:  # fmt: skip
    """Load starts, let the network converge, compare with the stored patterns or their inverses.

    V_DW ``auto`` is the centre of this network's own window (``sim.set_point``).

    Args:
        network: ideal or extracted.
        design: its stored patterns, operating point, task and seed.
        process: its process.
        engine: as for ``sim.run``.
        trials: how many; default the design's.
        tolerance: as for ``sim.run``.
        progress: called with (trials done, trials in all).
        checkpoint: as for ``sim.run_batch``.

    Returns:
        The dataset of ``sim.run_batch`` and, per trial: ``start`` (trial, neuron), ``accuracy`` (share of right bits,
        best over patterns and inverses; undecided bits are wrong), ``recalled`` (all bits right and at rest),
        ``recalled_pattern`` (which pattern was nearest); over trials: ``accuracy_mean``, ``accuracy_interval`` (Student
        t), ``recall_rate``, ``recall_interval`` (Wilson), both 95 %; ``time_mean``, ``time_max``, ``time_median`` over
        the trials at rest (NaN when none is), ``rest_rate``, ``energy_mean``; ``v_dw`` (V; attribute
        ``v_dw_origin`` says where it comes from); attribute ``seed``. ``pattern`` holds the stored bits.

    Raises:
        InputError: the design's weights are a matrix: there is no stored pattern to compare with.
    """
    patterns = stored_patterns(design)
    if patterns is None:
        raise InputError("recall: the design's weights are a matrix, there are no stored patterns to recall")
    if network.neurons != design.network.neurons:
        raise InputError(f"recall: the network has {network.neurons} neurons, the design {design.network.neurons}")
    begin, voltage = starts(design, trials), v_dw_on(network, design, process)
    point = protocol_on(network, design, process, v_dw=voltage.volts)
    protocols = [replace(point, start=start) for start in begin]
    result = run_batch(network, protocols, engine=engine, tolerance=tolerance, progress=progress, checkpoint=checkpoint)
    result.attrs["seed"] = design.seed
    voltage.note(result)
    result["pattern"] = (("stored", "neuron"), patterns, _about("stored bits"))
    result["start"] = (("trial", "neuron"), begin, _about("bits loaded"))
    score(result, patterns)
    which = nearest(result["state"].values, patterns)
    result["recalled_pattern"] = ("trial", which, _about("nearest stored pattern"))
    return summarise(result)


def _about(meaning: str) -> dict[str, str]:
    return {"units": "1", "long_name": meaning}


def _generator(seed: int, trial: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(STARTS_STREAM, trial)))
