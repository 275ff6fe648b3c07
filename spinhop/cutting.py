"""Max-cut of graph files on the network, beside the best cut that software finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from hwlib.errors import InputError
from spinhop.outcome import text

_READS = 100  # runs of simulated annealing beside the tabu search


class CutRow(NamedTuple):
    """One graph, its cut by the network and the best one that software finds.

    Attributes:
        graph: file name.
        nodes, edges: size.
        cut: weight of the network's cut.
        undetermined: the cut, the state behind it, or the time hangs on rounding.
        random: expected weight of a random cut, half of all weight.
        greedy: weight of the cut of one greedy pass.
        best: weight of the best cut to compare with.
        best_is: ``exact`` or ``best found``.
        best_by: how it was found.
        share_of_best: cut over best, None when no cut weighs more than 0.
        time_to_solution: s until every wall rested, or the limit.
        other_cut, other_time: what they may be as well when undetermined.
        at_rest: whether they did.
        remarks: what the reader of the file left out or did not use.
    """

    graph: str
    nodes: int
    edges: int
    cut: float
    undetermined: bool
    other_cut: float
    random: float
    greedy: float
    best: float
    best_is: str
    best_by: str
    share_of_best: float | None
    time_to_solution: float
    other_time: float
    at_rest: bool
    remarks: list[str]


def cut_graphs(
    paths: Sequence[Path], *, mapping: Literal["paper", "balanced", "degree"] = "balanced", weight: str | None = None,
    engine: str = "auto", prove_seconds: float = 0.0,
    progress: Callable[[int, int], None] = lambda done, total: None, remark: Callable[[str], None] = lambda text: None,
) -> list[CutRow]:  # fmt: skip
    """Cut graphs on the paper's network with ideal wires.

    Args:
        paths: graph files, see ``sim.tasks.graphs``.
        mapping: how edges become weights, see ``sim.tasks.maxcut.weight_levels``.
        weight: GML, GraphML: edge attribute that is the weight; None: every edge counts 1.
        engine: simulation engine.
        prove_seconds: time limit per graph of a proof by HiGHS that the best cut is one; sparse graphs profit.
        progress: called with (graphs done, in all).
        remark: called with a line per remark on a file, before any graph is solved.

    Raises:
        InputError: a bad graph file (all are read before any is solved), or one that does not fit a network.
    """
    from hwlib.weight_styles import MAX_NEURONS
    from sim.tasks.graphs import read_graph, remarks

    if not prove_seconds >= 0:
        raise InputError(f"maxcut: prove: {prove_seconds:g}, allowed are seconds from 0 on")
    rows, graphs = [], [read_graph(path, weight=weight, max_nodes=MAX_NEURONS) for path in paths]
    from sim.engines import check_name  # these take their time: a bad file is said before
    from sim.tasks import baselines
    from sim.tasks.maxcut import solve, weight_levels
    from sim.tasks.optimum import optimum
    from sim.tasks.setup import require_fit

    check_name(engine)
    for path, graph in zip(paths, graphs, strict=True):
        try:
            require_fit(weight_levels(graph, mapping))
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        for line in remarks(graph):
            remark(f"{path}: {line}")
    for path, graph in zip(paths, graphs, strict=True):
        result = solve([graph], mapping=mapping, engine=engine)
        best = optimum(graph, reads=_READS, milp_seconds=prove_seconds)
        cut = float(result["cut"][0])
        rows.append(
            CutRow(
                path.name, graph.number_of_nodes(), graph.number_of_edges(), cut, bool(result["undetermined"][0]),
                float(result["other_cut"][0]),
                graph.size("weight") / 2, baselines.greedy_cut(graph), best.value, best.status, best.method,
                cut / best.value if best.value > 0 else None,
                float(result["time_to_solution"][0]), float(result["other_time"][0]), bool(result["at_rest"][0]),
                remarks(graph),
            )
        )  # fmt: skip
        progress(len(rows), len(graphs))
    return rows


def cut_table(rows: Sequence[CutRow]) -> tuple[list[str], list[list[str]]]:
    """Columns and cells of text; what is undetermined is told in ``undetermined_lines``."""
    cells = [
        {
            "graph": r.graph, "nodes": str(r.nodes), "edges": str(r.edges),
            "cut": "undetermined" if r.undetermined else f"{r.cut:.10g}",
            "random": f"{r.random:.10g}", "greedy": f"{r.greedy:.10g}", "best": f"{r.best:.10g} ({r.best_is})",
            "share of best": "–" if r.share_of_best is None or r.undetermined else f"{100 * r.share_of_best:.1f} %",
            "time": "–" if r.undetermined else text(r.time_to_solution, "s"), "at rest": "yes" if r.at_rest else "no",
        }
        for r in rows
    ]  # fmt: skip
    return list(cells[0]), [list(row.values()) for row in cells]


def undetermined_lines(rows: Sequence[CutRow]) -> list[str]:
    """One line on each graph whose answer hangs on rounding, with the values that were seen."""
    return [
        f"{row.graph}: undetermined: {' or '.join(_seen(row))}; it hangs on rounding "
        "(currents changed by a billionth end otherwise)"
        for row in rows
        if row.undetermined
    ]


def _seen(row: CutRow) -> list[str]:
    """Cuts and times that were seen, the smaller cut first."""
    seen = sorted({(row.cut, row.time_to_solution), (row.other_cut, row.other_time)})
    if len({time for _, time in seen}) == 1 and len({cut for cut, _ in seen}) == 1:
        return [f"cut {row.cut:.10g} after {text(row.time_to_solution, 's')}, with the nodes on other sides"]
    return [f"cut {cut:.10g} after {text(time, 's')}" for cut, time in seen]
