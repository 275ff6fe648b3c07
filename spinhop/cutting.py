"""Max-cut of graph files on the network, beside the best cut that software finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from hwlib.errors import InputError

_READS = 100  # runs of simulated annealing beside the tabu search


class CutRow(NamedTuple):
    """One graph, its cut by the network and the best one that software finds.

    Attributes:
        graph: file name.
        nodes, edges: size.
        cut: weight of the network's cut.
        random: expected weight of a random cut, half of all weight.
        greedy: weight of the cut of one greedy pass.
        best: weight of the best cut to compare with.
        best_is: ``exact`` or ``best found``.
        best_by: how it was found.
        time: s until every wall rested, or the limit.
        at_rest: whether they did.
    """

    graph: str
    nodes: int
    edges: int
    cut: float
    random: float
    greedy: float
    best: float
    best_is: str
    best_by: str
    time: float
    at_rest: bool


def cut_graphs(
    paths: Sequence[Path], *, mapping: Literal["paper", "balanced", "degree"] = "balanced", engine: str = "auto",
    prove_seconds: float = 0.0, progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[CutRow]:  # fmt: skip
    """Cut graphs on the paper's network with ideal wires.

    Args:
        paths: rudy, Gset or Matrix Market files.
        mapping: how edges become weights, see ``sim.tasks.maxcut.weight_levels``.
        engine: simulation engine.
        prove_seconds: time limit per graph of a proof by HiGHS that the best cut is one; sparse graphs profit.
        progress: called with (graphs done, in all).

    Raises:
        InputError: a bad graph file (all are read before any is solved), or one that does not fit a network.
    """
    from hwlib.design import MAX_NEURONS
    from sim.tasks import baselines
    from sim.tasks.graphs import read_graph
    from sim.tasks.maxcut import solve, weight_levels
    from sim.tasks.optimum import optimum
    from sim.tasks.setup import require_fit

    rows, graphs = [], [read_graph(path, max_nodes=MAX_NEURONS) for path in paths]
    for path, graph in zip(paths, graphs, strict=True):
        try:
            require_fit(weight_levels(graph, mapping))
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
    for path, graph in zip(paths, graphs, strict=True):
        result = solve([graph], mapping=mapping, engine=engine)
        best = optimum(graph, reads=_READS, milp_seconds=prove_seconds)
        rows.append(
            CutRow(
                path.name, graph.number_of_nodes(), graph.number_of_edges(), float(result["cut"][0]),
                graph.size("weight") / 2, baselines.greedy_cut(graph), best.value, best.status, best.method,
                float(result["time_to_solution"][0]), bool(result["at_rest"][0]),
            )
        )  # fmt: skip
        progress(len(rows), len(graphs))
    return rows
