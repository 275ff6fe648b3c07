"""Max-cut by a chain of short trials: read the cut, turn some nodes, load that, let the network go on from there.

A trial from a random load ends in one of many rest states. A kick keeps most of what the last trial found, so that the
same time finds better cuts (iterated local search; Lourenço, Martin and Stützle, Handbook of Metaheuristics, 2003).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hwlib.errors import InputError
from hwlib.network import Network
from hwlib.quantities import in_si
from sim.engines import Progress
from sim.protocol import Protocol
from sim.simulate import run_batch
from sim.tasks.maxcut import cut_value

if TYPE_CHECKING:
    import xarray as xr


def kicked_search(
    network: Network, point: Protocol, graphs: Sequence[Any], levels: Sequence[np.ndarray], *, flips: int | None,
    read_after: float | str, time: float | str, seed: int, engine: str = "auto", tolerance: float = 1e-4,
    progress: Progress | None = None,
) -> xr.Dataset:  # fmt: skip
    """Cut graphs by chains of trials, each chain until its time is over.

    A round loads a state at ±V_C, then lets the network converge for ``read_after``, or until every wall rests. Then
    each soma is read: ON when its wall is beyond the middle of its pillar. The next round loads what was read with
    ``flips`` random nodes turned; its walls begin where they are. The first round loads random bits.

    Args:
        network: with weight lines, ideal or extracted.
        point: voltages, and the time of loads.
        graphs: one per chain, of the network's size; the same again for more chains on it.
        levels: weights of each, as multiples of W, shape (N, N).
        flips: nodes turned between two rounds; None: random bits are loaded in every round.
        read_after: of convergence, s, or a text such as ``"80 ns"``.
        time: of all rounds of a chain, s; rounds that would end later on the mean of all chains are not counted.
        seed: of first loads and kicks.
        engine: as for ``sim.run``.
        tolerance: likewise.
        progress: called with (time done, time in all), in whole ns of the mean chain.

    Returns:
        ``cut`` and ``best`` (largest so far) of each round, ``time`` and ``energy`` until then from the start, loads
        included; reading and choosing are not; (chain, round). Attributes ``flips``, ``read_after``, ``seed``.

    Raises:
        InputError: other numbers of graphs and weights, flips or times that are none, or not one round in the time.
    """
    import xarray as xr

    n = network.neurons
    if not graphs or len(graphs) != len(levels):
        raise InputError(f"kicked_search: {len(graphs)} graphs, {len(levels)} weights; a chain has one of each")
    if flips is not None and not 0 <= flips <= n:
        raise InputError(f"kicked_search: flips is {flips}, allowed 0 to {n}")
    read_after = in_si(read_after, "s", "kicked_search: read_after", sign="positive")
    time = in_si(time, "s", "kicked_search: time", sign="positive")
    points = [replace(point, levels=each, time_limit=read_after) for each in levels]
    run = partial(run_batch, network, engine=engine, tolerance=tolerance)
    spent, used, found = np.zeros(len(graphs)), np.zeros(len(graphs)), []
    for result, read in _rounds(network, points, run, flips, np.random.default_rng(seed)):
        spent = spent + result["time_to_solution"].values
        used = used + result["energy_source"].sum("source").values
        if spent.mean() > time:
            break
        cuts = [float(cut_value(graph, state)) for graph, state in zip(graphs, read, strict=True)]
        found.append((cuts, spent, used))
        if progress:
            progress(int(1e9 * spent.mean()), int(1e9 * time))
    if not found:
        raise InputError(f"kicked_search: one round takes {spent.mean():.3g} s, more than time, {time:.3g} s")
    data = _variables(*(np.array(each).T for each in zip(*found, strict=True)))
    how = {"flips": "random loads" if flips is None else flips, "read_after": read_after, "seed": seed}
    return xr.Dataset(data, attrs=how)


def _rounds(
    network: Network, points: Sequence[Protocol], run: Callable[[list[Protocol]], xr.Dataset], flips: int | None,
    rng: np.random.Generator,
) -> Iterator[tuple[xr.Dataset, np.ndarray]]:  # fmt: skip
    """Round after round of all chains, without end: its trials, and the bits read, shape (chains, N)."""
    somas, bits = network.somas, rng.integers(0, 2, (len(points), network.neurons))
    walls: np.ndarray | None = None
    while True:
        protocols = [
            replace(each, start=load, initial=None if walls is None else walls[k])
            for k, (each, load) in enumerate(zip(points, bits, strict=True))
        ]
        result = run(protocols)
        place = result["wall_final"].values
        read = (place[:, somas] > network.pillar_centre[somas]).astype(int)
        yield result, read
        walls = np.clip(place / network.length, 0.0, 1.0)
        bits = rng.integers(0, 2, read.shape) if flips is None else _turned(read, flips, rng)


def _turned(read: np.ndarray, flips: int, rng: np.random.Generator) -> np.ndarray:
    """The states with so many nodes of each turned."""
    order = np.argsort(rng.random(read.shape), axis=1)
    return np.where(order < flips, 1 - read, read)


def _variables(cuts: np.ndarray, times: np.ndarray, energies: np.ndarray) -> dict[str, Any]:
    """Variables of the result, from arrays (chains, rounds)."""
    best = np.maximum.accumulate(cuts, axis=1)
    about = {
        "cut": ("1", "weight of the cut that was read"),
        "best": ("1", "largest of the chain so far"),
        "time": ("s", "from the start of the chain"),
        "energy": ("J", "from all sources, from the start of the chain"),
    }
    values = {"cut": cuts, "best": best, "time": times, "energy": energies}
    return {
        name: (("chain", "round"), values[name], {"units": unit, "long_name": meaning})
        for name, (unit, meaning) in about.items()
    }
