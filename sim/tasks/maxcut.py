"""Max-cut on the network: every node a neuron, every wall OFF at the start, no load phase; the state is the cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import xarray as xr

from hwlib.design import Design
from hwlib.errors import InputError, shown
from hwlib.network import Network
from hwlib.process import Process
from sim.engines import DEFAULT_TOLERANCE
from sim.set_point import protocol_on
from sim.simulate import run_batch
from sim.tasks.graphs import adjacency
from sim.tasks.setup import Progress, free_network, paper_design

ASYMMETRY = 1.05  # the paper's excess of connected over unconnected weights
Mapping = Literal["paper", "balanced", "degree"]


def weight_levels(graph: Any, mapping: Mapping = "balanced") -> np.ndarray:
    """Weights of the network that solves a graph, as multiples of W.

    ``paper``: +1 between unconnected and −1.05 between connected nodes. Neurons turn ON and OFF in equal measure only
    near 50 % density: below it every neuron turns ON, above it none does, and the cut is empty.

    ``balanced``: (w̄ − w)/max|w̄ − w|, negative ones × 1.05, with w̄ the mean over all pairs. Takes any weights and
    densities, and equals ``paper`` on unit weights at exactly 50 %.

    ``degree``: as ``balanced``, with the mean of the two nodes' own mean weights for w̄: each neuron is balanced by
    itself. Needs many distinct weights.

    Args:
        graph: networkx graph, sparse matrix or square array.
        mapping: one of the three.

    Returns:
        Shape (N, N), zero diagonal.

    Raises:
        InputError: a bad graph, unknown mapping, fewer than two nodes, or ``paper`` for unequal or negative weights.
    """
    weights = adjacency(graph).toarray()
    n = len(weights)
    if n < 2:
        raise InputError("maxcut: a graph of one node has no cut")
    off = ~np.eye(n, dtype=bool)
    if mapping == "paper":
        nonzero = weights[weights != 0]
        if nonzero.min() <= 0 or nonzero.min() != nonzero.max():
            raise InputError("maxcut: mapping paper needs equal positive weights; use balanced or degree")
        return np.where(off, np.where(weights != 0, -ASYMMETRY, 1.0), 0.0)
    if mapping not in ("balanced", "degree"):
        raise InputError(f"maxcut: mapping {shown(mapping)}, allowed paper, balanced, degree")
    own = weights.sum(axis=1) / (n - 1)
    centre = weights[off].mean() if mapping == "balanced" else (own[:, None] + own[None, :]) / 2
    excess = np.where(off, centre - weights, 0.0)
    if np.ptp(excess[off]) <= 1e-12 * abs(weights).max():
        excess = -weights  # complete graphs with equal weights: nothing deviates, all pairs repel
    levels = excess / abs(excess).max()
    return np.where(levels < 0, ASYMMETRY * levels, levels)


def cut_value(graph: Any, states: np.ndarray) -> np.ndarray:
    """Weight of the edges between nodes in state 1 and all others (an undecided −1 counts as not ON).

    Args:
        graph: as for ``adjacency``.
        states: shape (trials, N) or (N,).

    Returns:
        Shape (trials,), or a scalar array for one state.
    """
    on = (np.asarray(states) == 1).astype(float)
    weights = adjacency(graph)
    return np.sum((on @ weights) * (1 - on), axis=-1)


def solve(
    graphs: Sequence[Any], *, mapping: Mapping = "balanced", design: Design | None = None,
    process: Process | None = None, network: Network | None = None, engine: str = "ideal",
    tolerance: float = DEFAULT_TOLERANCE, progress: Progress | None = None,
) -> xr.Dataset:  # fmt: skip
    """Solve graphs of one size on one network, each as one trial.

    Args:
        graphs: graphs with equal node counts.
        mapping: see ``weight_levels``.
        design: device and operating point; default the paper's.
        process: default the design's.
        network: an extracted network with weight lines; default the ideal one.
        engine: name of the engine.
        tolerance: as for ``sim.run``.
        progress: called with (graphs done, graphs in all).

    Returns:
        The batch's dataset with ``cut`` (trial) added, and ``other_cut``, that of ``other_state``.

    Raises:
        InputError: graphs of different or too large sizes, or a network that does not fit them.
    """
    if not graphs:
        raise InputError("maxcut: no graph")
    levels = [weight_levels(graph, mapping) for graph in graphs]
    n = len(levels[0])
    if any(len(each) != n for each in levels):
        raise InputError("maxcut: graphs of different sizes; solve each size by itself")
    design = design or paper_design(n)
    process = process or design.load_process()
    network = network or free_network(design, process, levels[0])
    if network.neurons != n:
        raise InputError(f"maxcut: the graph has {n} nodes, the network {network.neurons} neurons")
    programmed = network.weight_levels()
    if programmed is not None and any(abs(programmed - each).max() > 1e-6 for each in levels):
        raise InputError("maxcut: the network's weight rails are programmed to other weights; use weight_style lines")
    on_lines = programmed is None
    point = protocol_on(network, design, process, start=None, levels=levels[0] if on_lines else None)
    protocols = [replace(point, levels=each if on_lines else None) for each in levels]
    result = run_batch(network, protocols, engine=engine, tolerance=tolerance, progress=progress)
    result["cut"] = ("trial", _cuts(graphs, result["state"].values), _about("weight of the cut"))
    result["other_cut"] = (
        "trial",
        _cuts(graphs, result["other_state"].values),
        _about("weight of the other state's cut"),
    )
    return result


def _cuts(graphs: Sequence[Any], states: np.ndarray) -> np.ndarray:
    return np.array([float(cut_value(graph, state)) for graph, state in zip(graphs, states, strict=True)])


def _about(meaning: str) -> dict[str, str]:
    return {"units": "1", "long_name": meaning}
