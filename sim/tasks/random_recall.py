"""Recall of random patterns from random starts, every trial with patterns of its own (Fig. 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from hwlib.design import Design
from hwlib.network import Network
from hwlib.process import Process
from hwlib.weights import hebbian
from sim.engines import DEFAULT_TOLERANCE, Progress
from sim.set_point import protocol_on
from sim.simulate import run_batch
from sim.tasks.images import distort
from sim.tasks.scores import of_unit_1, score
from sim.tasks.setup import free_network


def random_recall(
    design: Design, patterns: int, trials: int, seed: int, *, process: Process | None = None,
    network: Network | None = None, engine: str = "ideal", tolerance: float = DEFAULT_TOLERANCE,
    progress: Progress | None = None,
) -> xr.Dataset:  # fmt: skip
    """Store random patterns (eq. (3)), load a random start, let the network converge; anew in every trial.

    A trial counts against the nearest of all its patterns and their inverses, as the paper does.

    Args:
        design: size, device and operating point.
        patterns: stored in each trial.
        trials: how many.
        seed: of patterns and starts.
        process: default the design's.
        network: an extracted network with weight lines; default the ideal one.
        engine: name of the engine.
        tolerance: as for ``sim.run``.
        progress: called with (trials done, trials in all).

    Returns:
        The batch's dataset with ``accuracy`` and ``recalled`` (trial) added; attribute ``seed``.
    """
    process = process or design.load_process()
    rng, n = np.random.default_rng(seed), design.network.neurons
    stored = rng.integers(0, 2, (trials, patterns, n), dtype=np.int8)
    starts = rng.integers(0, 2, (trials, n), dtype=np.int8)
    network = network or free_network(design, process)
    point = protocol_on(network, design, process, levels=hebbian(stored[0]))
    protocols = [
        replace(point, start=start, levels=hebbian(words)) for start, words in zip(starts, stored, strict=True)
    ]
    result = run_batch(network, protocols, engine=engine, tolerance=tolerance, progress=progress)
    result.attrs["seed"] = seed
    result.update(score(result["state"].values, result["at_rest"].values, stored))
    return result


def image_recall(
    design: Design, patterns: np.ndarray, distortions: np.ndarray, trials: int, seed: int, *,
    which: Sequence[int] | None = None, process: Process | None = None, network: Network | None = None,
    engine: str = "ideal", tolerance: float = DEFAULT_TOLERANCE, progress: Progress | None = None,
) -> xr.Dataset:  # fmt: skip
    """Store given patterns together, load distorted copies of each, compare with the original (Fig. 6).

    Args:
        design: size N, device and operating point.
        patterns: shape (patterns, N).
        distortions: shares of flipped bits.
        trials: per pattern and distortion.
        seed: of the distortions.
        which: patterns to distort; default all. All are stored.
        process: default the design's.
        network: an extracted network; default the ideal one.
        engine: name of the engine.
        tolerance: as for ``sim.run``.
        progress: called with (trials done, trials in all).

    Returns:
        The batch's dataset with, per trial, ``accuracy`` and ``recalled`` (against the original or its inverse),
        ``pattern`` (index), ``distortion`` and ``start`` (trial, neuron).
    """
    process = process or design.load_process()
    rng, levels = np.random.default_rng(seed), hebbian(patterns)
    cases = [
        (p, d) for p in (range(len(patterns)) if which is None else which) for d in distortions for _ in range(trials)
    ]
    starts = np.array([distort(patterns[p], d, rng) for p, d in cases])
    network = network or free_network(design, process, levels)
    point = protocol_on(network, design, process, levels=None if network.weight_levels() is not None else levels)
    protocols = [replace(point, start=start) for start in starts]
    result = run_batch(network, protocols, engine=engine, tolerance=tolerance, progress=progress)
    index = np.array([p for p, _ in cases])
    targets = np.asarray(patterns)[index][:, None, :]
    result.update(score(result["state"].values, result["at_rest"].values, targets) | {
        "pattern": ("trial", index, of_unit_1("which pattern was distorted")),
        "distortion": ("trial", np.array([d for _, d in cases]), of_unit_1("share of flipped bits")),
        "start": (("trial", "neuron"), starts, of_unit_1("bits loaded")),
    })  # fmt: skip
    result.attrs["seed"] = seed
    return result
