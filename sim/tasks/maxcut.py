"""Max-cut on the network: every node a neuron, the state is the cut.

Every wall is OFF at the start and nothing is loaded, or trials begin again from random loads and the best one counts.

``Maxcut`` is the task of a design; ``solve`` cuts graphs in memory on any network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from hwlib.design import MAX_NEURONS, Design
from hwlib.errors import FieldsError, InputError, shown
from hwlib.quantities import printed
from hwlib.storage.file_labels import told_apart
from hwlib.storage.netcdf import Wanted
from hwlib.task_kinds import Find, MaxcutFields, Problem
from sim.tasks.graph_set import GraphSet
from sim.tasks.graphs import adjacency, read_graph, remarks
from sim.tasks.kinds import CASE, AnswerCost, Measure, RunTask, add_cases, case_answers, differs
from sim.tasks.recall import STATES, random_bits
from sim.tasks.restarts import effort, effort_columns, no_effort, software_effort
from sim.tasks.scores import of_unit_1

if TYPE_CHECKING:
    import xarray as xr

    from hwlib.network import Network
    from hwlib.process import Process
    from sim.engines import Progress
    from sim.protocol import Protocol

ASYMMETRY = 1.05  # the paper's excess of connected over unconnected weights
Mapped = Literal["paper", "balanced", "degree", "zero_sum"]


def weight_levels(graph: Any, mapping: Mapped = "balanced") -> np.ndarray:
    """Weights of the network that solves a graph, as multiples of W.

    ``paper``: +1 between unconnected and −1.05 between connected nodes. Neurons turn ON and OFF in equal measure only
    near 50 % density: below it every neuron turns ON, above it none does, and the cut is empty.

    ``balanced``: (w̄ − w)/max|w̄ − w|, negative ones × 1.05, with w̄ the mean over all pairs. Takes any weights and
    densities, and equals ``paper`` on unit weights at exactly 50 %.

    ``degree``: as ``balanced``, with the mean of the two nodes' own mean weights for w̄: each neuron is balanced by
    itself. Needs many distinct weights.

    ``zero_sum``: (w̄_i − w)/max|…| without any asymmetry, with w̄_i the mean weight of the dendrite's own node, so that
    each neuron's weights add up to 0. An OFF axon conducts, too: with outputs b of 0 or 1 a neuron's drive is that of
    Σ W_ij (2 b_j − 1) and a constant (R_AP + R_P)/(R_AP − R_P) Σ W_ij. Only here the constant is 0 for every neuron, at
    any TMR; the others bias each by its degree, as much as all its neighbours do. What remains of w̄_i, times the
    excess of ON over OFF nodes, is small in states near a halving. Needs random loads (nothing drives a network whose
    walls are all OFF) and many distinct weights.

    Args:
        graph: networkx graph, sparse matrix or square array.
        mapping: one of the four.

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
            raise InputError("maxcut: mapping paper needs equal positive weights; use balanced, degree or zero_sum")
        return np.where(off, np.where(weights != 0, -ASYMMETRY, 1.0), 0.0)
    own = weights.sum(axis=1) / (n - 1)
    centres = {"balanced": weights[off].mean(), "degree": (own[:, None] + own) / 2, "zero_sum": own[:, None]}
    if mapping not in centres:
        raise InputError(f"maxcut: mapping {shown(mapping)}, allowed paper, {', '.join(centres)}")
    centre = centres[mapping]
    excess = np.where(off, centre - weights, 0.0)
    if np.ptp(excess[off]) <= 1e-12 * abs(weights).max():
        excess = -weights  # complete graphs with equal weights: nothing deviates, all pairs repel
    levels = excess / abs(excess).max()
    return levels if mapping == "zero_sum" else np.where(levels < 0, ASYMMETRY * levels, levels)


def cut_value(graph: Any, states: np.ndarray) -> np.ndarray:
    """Weight of the edges between nodes in state 1 and all others (an undecided −1 counts as not ON).

    Args:
        graph: as for ``adjacency``.
        states: shape (trials, N) or (N,).

    Returns:
        Shape (trials,), or a scalar array for one state.

    Raises:
        InputError: as ``adjacency``; states of another shape, or that are neither 0, 1 nor −1.
    """
    weights = adjacency(graph)
    n, given = weights.shape[0], np.asarray(states)
    if given.ndim not in (1, 2) or given.shape[-1] != n:
        raise InputError(f"states: shape {given.shape}, needs (trials, {n}) or ({n},)")
    if not (right := np.isin(given, (-1, 0, 1))).all():
        raise InputError(f"states: found {shown(given[~right].tolist()[0])}, allowed are 0, 1 and -1 (undecided)")
    on = (given == 1).astype(float)
    return np.sum((on @ weights) * (1 - on), axis=-1)


def solve(
    graphs: Sequence[Any], *, mapping: Mapped = "balanced", design: Design | None = None,
    process: Process | None = None, network: Network | None = None, engine: str = "ideal",
    tolerance: float | None = None, progress: Progress | None = None,
) -> xr.Dataset:  # fmt: skip
    """Solve graphs of one size on one network, each as one trial.

    Args:
        graphs: graphs with equal node counts.
        mapping: see ``weight_levels``; not ``zero_sum``.
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
    from sim.engines import DEFAULT_TOLERANCE
    from sim.set_point import protocol_on
    from sim.simulate import run_batch
    from sim.tasks.setup import free_network, paper_design

    if not graphs:
        raise InputError("maxcut: no graph")
    if mapping == "zero_sum":
        raise InputError("maxcut: mapping zero_sum needs random loads; give a design with restarts to sim.run_task")
    levels = [weight_levels(graph, mapping) for graph in graphs]
    n = len(levels[0])
    if any(len(each) != n for each in levels):
        raise InputError("maxcut: graphs of different sizes; solve each size by itself")
    design = design or paper_design(n)
    process = process or design.load_process()
    network = network or free_network(design, process, levels[0])
    on_lines = _has_lines(network, levels)
    point = protocol_on(network, design, process, start=None, levels=levels[0] if on_lines else None)
    protocols = [replace(point, levels=each if on_lines else None) for each in levels]
    held = DEFAULT_TOLERANCE if tolerance is None else tolerance
    result = run_batch(network, protocols, engine=engine, tolerance=held, progress=progress)
    _add_cuts(result, graphs)
    return result


def _has_lines(network: Network, levels: list[np.ndarray]) -> bool:
    """Whether a network takes its weights from lines, not from rails.

    Raises:
        InputError: a network of another size, or rails with other weights.
    """
    if network.neurons != len(levels[0]):
        raise InputError(f"maxcut: the graph has {len(levels[0])} nodes, the network {network.neurons} neurons")
    programmed = network.weight_levels()
    if programmed is not None and any(abs(programmed - each).max() > 1e-6 for each in levels):
        raise InputError("maxcut: the network's weight rails are programmed to other weights; use weight_style lines")
    return programmed is None


def _add_cuts(result: xr.Dataset, graphs: Sequence[Any]) -> None:
    """Add to a batch's dataset the cut of each trial's graph, and that of the state it may be in as well."""
    names = (("cut", "state", "the cut"), ("other_cut", "other_state", "the other state's cut"))
    result.update({
        name: ("trial", _cuts(graphs, result[state].values), of_unit_1(f"weight of {whose}"))
        for name, state, whose in names
    })  # fmt: skip


def _cuts(graphs: Sequence[Any], states: np.ndarray) -> np.ndarray:
    return np.array([float(cut_value(graph, state)) for graph, state in zip(graphs, states, strict=True)])


class Maxcut(MaxcutFields, RunTask):
    """Max-cut of a graph: a neuron per node; every wall OFF at the start, or restarts from random loads."""

    title: ClassVar[str] = "Max-cut"
    packages: ClassVar[tuple[str, ...]] = ("dwave",)
    measure: ClassVar[str] = "share_of_best"
    measure_label: ClassVar[str] = "share of the best cut"
    retold: ClassVar[Mapping[str, Wanted]] = {
        "state": STATES, "start": STATES, "cut": Wanted(("trial",), optional=True),
    }  # fmt: skip
    numbers: ClassVar[tuple[Measure, ...]] = (
        Measure("share_of_best_mean", "share of the best cut", "share", "mean over the graphs"),
        Measure("gap_mean", "gap to the best cut", "share", "1 less the mean share of the best cut"),
    )
    columns: ClassVar[tuple[Measure, ...]] = (
        Measure("graph", "graph", "text", "file"),
        Measure("nodes", "nodes", "whole", "nodes"),
        Measure("edges", "edges", "whole", "edges"),
        Measure("cut", "cut", "number", "weight of the network's cut", unsure="undetermined"),
        Measure("undetermined", "", "yes", "cut, state or time hangs on rounding"),
        Measure("other_cut", "", "number", "what the cut may be as well"),
        Measure("random", "random", "number", "expected weight of a random cut: half of all weight"),
        Measure("greedy", "greedy", "number", "weight of the cut of one greedy pass"),
        Measure("best", "best", "number", "weight of the best cut to compare with"),
        Measure("best_is", "best is", "text", "exact, or best found"),
        Measure("best_by", "", "text", "how it was found"),
        Measure("share_of_best", "share of best", "share", "cut over best; none without a cut above 0", unsure="–"),
        Measure("gap", "gap", "share", "1 less the share of best", unsure="–"),
        Measure(
            "time_to_solution", "time", "time", "until every wall rested, or the limit; of all restarts", unsure="–"
        ),
        Measure("energy_to_solution", "energy", "energy", "from all sources; of all restarts that begin in the budget"),
        Measure("ended", "", "whole", "restarts that end within the budget; all without one"),
        Measure("other_time", "", "time", "what the time may be as well"),
        Measure("at_rest", "at rest", "yes", "every wall came to rest"),
        Measure("remarks", "", "lines", "what the reader of the file left out or did not use"),
        *effort_columns(),
    )

    def stored(self, design: Design) -> None:
        """A graph is no pattern."""
        return None

    def read(self, find: Find) -> GraphSet:
        """The graphs and their weights, each file read once."""
        graphs: list[Any] = []
        levels: list[np.ndarray] = []
        wrong: list[Problem] = []
        for place, name in self.files().items():
            try:
                graphs.append(read_graph(find(name), weight=self.weight, max_nodes=MAX_NEURONS))
                levels.append(weight_levels(graphs[-1], self.mapping))
                if len(levels[-1]) != len(levels[0]):
                    sizes = f"{len(levels[-1])} nodes, the first graph has {len(levels[0])}"
                    raise InputError(f"{name}: {sizes}; graphs of one task have one size")
            except InputError as error:
                named = name.rpartition("/")[2] in str(error)
                wrong.append((place, str(error) if named else f"{name}: {error}"))
        if wrong:
            raise FieldsError(wrong)
        of = f"the graph has {len(levels[0])} nodes"
        said = [f"{name}: {line}" for name, graph in zip(self.names(), graphs, strict=True) for line in remarks(graph)]
        return GraphSet(of, levels[0], None, tuple(said), self.names(), tuple(graphs), np.array(levels))

    def start_bits(self, design: Design, trials: int | None = None) -> np.ndarray | None:
        """Random bits for every trial, as random recall draws them; None without restarts: nothing is loaded."""
        if not self.restarts:
            return None
        count = len(_read(design).each) * self.restarts if trials is None else trials
        return random_bits(design, count)

    def protocols(self, design: Design, point: Protocol, trials: int | None = None) -> list[Protocol]:
        """The graphs in turn, each trial with its graph's weights where the network takes any."""
        each, starts = _read(design).each, self.start_bits(design, trials)
        count = len(starts) if starts is not None else len(each) if trials is None else trials
        points = [point] * count if starts is None else [replace(point, start=start) for start in starts]
        return points if point.levels is None else [
            replace(one, levels=each[k % len(each)]) for k, one in enumerate(points)
        ]  # fmt: skip

    def as_good(self, design: Design, state: np.ndarray, wanted: np.ndarray) -> bool:
        """A cut of the first graph that is no smaller."""
        cut, other = _cuts([_read(design).graphs[0]] * 2, np.array([state, wanted]))
        return bool(cut >= other - 1e-9 * abs(other))  # equal but for rounding

    def contradiction(self, result: xr.Dataset, design: Design) -> str:
        """Cuts from the states and the graphs; shares from cuts and the best ones, which are not looked for again."""
        found, count = _read(design), result.sizes["trial"]
        if "state" not in result or "cut" not in result or "case_cut" not in result:
            return ""
        turns = np.arange(count) % len(found.graphs)
        cuts = _cuts([found.graphs[k] for k in turns], result["state"].values)
        starts = self.start_bits(design, count)
        if said := differs(result, {"cut": cuts} | ({} if starts is None else {"start": starts})):
            return said
        chosen, best = result["case_cut"].values, result["case_best"].values
        if len(chosen) != len(set(turns)) or any(c not in cuts[turns == k] for k, c in enumerate(chosen)):
            return "case_cut is not one of the trials' cuts"
        share = _shares(chosen, best)
        parts = np.where(best > 0, share, np.nan)
        sizes = [(graph.number_of_nodes(), graph.number_of_edges()) for graph in found.graphs[: len(chosen)]]
        return differs(result, {
            "share_of_best": share[turns], "gap_mean": 1 - share[turns].mean(), "case_share_of_best": parts,
            "case_gap": 1 - parts, "case_nodes": [n for n, _ in sizes], "case_edges": [m for _, m in sizes],
        })  # fmt: skip

    def score(self, result: xr.Dataset, design: Design, network: Network, point: Protocol) -> None:
        """Cut of every graph, the best of its restarts, beside the best one that software finds, and simpler ones."""
        found, count = _read(design), result.sizes["trial"]
        graphs = [found.graphs[k % len(found.graphs)] for k in range(count)]
        _add_cuts(result, graphs)
        rows = [self._row(result, found, k) for k in range(min(count, len(found.graphs)))]
        add_cases(result, self.columns, rows)
        best_cuts, cuts = (np.array([row[name] for row in rows]) for name in ("best", "cut"))
        share = _shares(cuts, best_cuts)[np.arange(count) % len(rows)]
        told = zip(self.numbers, (share.mean(), 1 - share.mean()), strict=True)
        result.update({
            "share_of_best": ("trial", share, of_unit_1("cut of the trial's graph over the best cut")),
            **{measure.name: ((), float(value), measure.attributes) for measure, value in told},
        })  # fmt: skip

    def _row(self, result: xr.Dataset, found: GraphSet, k: int) -> dict[str, Any]:
        """What is told of the graph with an index."""
        from sim.tasks import baselines
        from sim.tasks.optimum import optimum

        graph, some = found.graphs[k], result.isel(trial=slice(k, None, len(found.graphs)))
        best = optimum(graph, reads=READS, milp_seconds=self.prove)
        spent = np.cumsum(some["time_to_solution"].values)
        limit = math.inf if self.budget is None else self.budget
        ended = spent <= limit
        begun = slice(0, int(ended.sum()) + 1)  # the one that the budget cuts off counts with all its energy
        good = some["at_rest"].values & ~some["undetermined"].values
        pick = int(np.lexsort((some["cut"].values, good, ended))[-1])  # the largest cut of the good ones
        chosen = some.isel(trial=pick)
        trial = {name: chosen[name].values[()] for name in _TRIAL} | {
            name: min(float(some[name].sum()), limit) for name in ("time_to_solution", "other_time")
        }
        trial["at_rest"] = bool(trial["at_rest"] and ended[pick])
        energy = some["energy_source"].sum("source").values
        part = float(trial["cut"]) / best.value if best.value > 0 else None
        if self.restarts:
            row = effort(some["cut"].values, some["time_to_solution"].values, energy, good, best.value)
            row |= software_effort(graph, best.value)
        else:
            row = no_effort()
        return row | {
            "graph": told_apart(found.names)[k], "nodes": graph.number_of_nodes(),
            "edges": graph.number_of_edges(), "random": graph.size("weight") / 2,
            "greedy": baselines.greedy_cut(graph), "best": best.value, "best_is": best.status,
            "best_by": best.method, "share_of_best": part, "gap": None if part is None else 1 - part,
            "remarks": "\n".join(remarks(graph)), **trial,
            "ended": int(ended.sum()), "energy_to_solution": float(energy[begun].sum()),
        }  # fmt: skip

    def answer(self, result: xr.Dataset) -> AnswerCost:
        """The best of a graph's restarts: what all of them took."""
        if self.restarts < 2:
            return super().answer(result)
        names = ("case_time_to_solution", "case_energy_to_solution", "case_at_rest")
        return AnswerCost(*(float(result[name].mean()) for name in names))

    def answers(self, result: xr.Dataset) -> xr.Dataset | None:
        """With restarts the cut that each graph's row tells: the best of those at rest, if any is."""
        if not self.restarts or CASE not in result.sizes:
            return None
        return case_answers(result, self.measure)

    @classmethod
    def said(cls, cases: Sequence[Mapping[str, Any]]) -> list[str]:
        """One line on each graph whose answer hangs on rounding, with the values that were seen."""
        return [
            f"{case['graph']}: undetermined: {' or '.join(_seen(case))}; it hangs on rounding "
            "(currents changed by a billionth end otherwise)"
            for case in cases
            if case["undetermined"]
        ]


def _shares(cuts: np.ndarray, best: np.ndarray) -> np.ndarray:
    """Cut over best cut; where the best cut is the empty one it is reached or it is not."""
    return np.where(best > 0, cuts / np.where(best > 0, best, 1.0), (cuts >= best).astype(float))


READS = 100  # runs of simulated annealing beside the tabu search
_TRIAL = ("cut", "other_cut", "undetermined", "time_to_solution", "other_time", "at_rest")


def _read(design: Design) -> GraphSet:
    assert isinstance(design.programme, GraphSet)
    return design.programme


def _seen(case: Mapping[str, Any]) -> list[str]:
    """Cuts and times that were seen, the smaller cut first."""
    seen = sorted({(case["cut"], case["time_to_solution"]), (case["other_cut"], case["other_time"])})
    times = [printed(time, "s") for _, time in seen]
    if len(set(seen)) == 1:
        return [f"cut {seen[0][0]:.10g} after {times[0]}, with the nodes on other sides"]
    return [f"cut {cut:.10g} after {time}" for (cut, _), time in zip(seen, times, strict=True)]
