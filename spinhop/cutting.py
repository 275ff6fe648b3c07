"""Max-cut of graph files on the network, beside the best cut known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple


class CutRow(NamedTuple):
    """One graph, its cut by the network and the best one known.

    Attributes:
        graph: file name.
        nodes, edges: size.
        cut: weight of the network's cut.
        best: weight of the best cut known.
        best_is: ``exact`` or ``best known``.
        time: s until every wall rested, or the limit.
        at_rest: whether they did.
    """

    graph: str
    nodes: int
    edges: int
    cut: float
    best: float
    best_is: str
    time: float
    at_rest: bool


def cut_graphs(
    paths: Sequence[Path], *, mapping: Literal["paper", "balanced", "degree"] = "balanced", engine: str = "auto",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[CutRow]:  # fmt: skip
    """Cut graphs on the paper's network with ideal wires.

    Args:
        paths: rudy, Gset or Matrix Market files.
        mapping: how edges become weights, see ``sim.tasks.maxcut.weight_levels``.
        engine: simulation engine.
        progress: called with (graphs done, in all).

    Raises:
        InputError: a bad graph file (all are read before any is solved), or one that does not fit a network.
    """
    from sim.tasks.graphs import read_graph
    from sim.tasks.maxcut import solve
    from sim.tasks.optimum import optimum

    rows, graphs = [], [read_graph(path) for path in paths]
    for path, graph in zip(paths, graphs, strict=True):
        result = solve([graph], mapping=mapping, engine=engine)
        best = optimum(graph)
        rows.append(
            CutRow(
                path.name, graph.number_of_nodes(), graph.number_of_edges(), float(result["cut"][0]), best.value,
                best.status, float(result["time_to_solution"][0]), bool(result["at_rest"][0]),
            )
        )  # fmt: skip
        progress(len(rows), len(graphs))
    return rows
