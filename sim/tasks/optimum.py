"""The best cut to compare with: proved by a solver where that is possible, else the best one found, and labelled."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import scipy.sparse as sp

from sim.tasks.graphs import adjacency, weight_unit

ENUMERATED = 22  # nodes up to which all bipartitions are walked
_STARTS, _MOVES_PER_NODE = 20, 5000
_ROUNDING = 1e-12


class Optimum(NamedTuple):
    """A cut and what is known of it.

    Attributes:
        value: its weight.
        side: 0/1 per node, shape (N,).
        status: ``exact`` (proved) or ``best found``: no search here has seen a larger one.
        method: how it was found.
    """

    value: float
    side: np.ndarray
    status: Literal["exact", "best found"]
    method: str


def optimum(graph: Any, *, seed: int = 0, reads: int = 0, milp_seconds: float = 0.0) -> Optimum:
    """The largest cut of a graph.

    Up to 22 nodes all bipartitions are walked. Larger graphs go to a multi-start tabu search, which finds the published
    optima of dense graphs of a hundred nodes; to simulated annealing, which does better on grids; and, when
    ``milp_seconds`` allows, to HiGHS (edge formulation), whose proof makes the result exact; sparse graphs profit.

    Args:
        graph: as for ``adjacency``.
        seed: of the searches.
        reads: runs of simulated annealing; 0 leaves it out.
        milp_seconds: time limit of the proof in s; 0 tries none.
    """
    from sim.tasks import compiled_search

    matrix = adjacency(graph)
    n = matrix.shape[0]
    if n <= ENUMERATED:
        value, side = compiled_search.enumerate_cuts(matrix.toarray())
        return Optimum(value, side, "exact", "enumeration")
    found = _tabu(matrix, seed)
    if reads:
        found = max(found, _annealed(matrix, reads, seed), key=lambda each: each.value)
    if milp_seconds > 0:
        proved = _milp(matrix, milp_seconds)
        rounding = _ROUNDING * float(abs(matrix).sum())  # equal cuts are summed in other orders
        if proved is not None and proved.value >= found.value - rounding:
            return proved
    return found


def _tabu(matrix: sp.csr_array, seed: int) -> Optimum:
    from sim.tasks.baselines import tabu_sides

    sides = tabu_sides(matrix, _STARTS, seed, _MOVES_PER_NODE)
    return _best(matrix, sides, f"tabu search, {_STARTS} starts")


def _annealed(matrix: sp.csr_array, reads: int, seed: int) -> Optimum:
    from sim.tasks.baselines import annealed_sides

    return _best(matrix, annealed_sides(matrix, reads, seed), f"simulated annealing, {reads} runs")


def _best(matrix: sp.csr_array, sides: np.ndarray, method: str) -> Optimum:
    cuts = np.sum((sides @ matrix) * (1 - sides), axis=1)
    at = int(cuts.argmax())
    return Optimum(float(cuts[at]), sides[at], "best found", method)


def _milp(matrix: sp.csr_array, seconds: float) -> Optimum | None:
    """Edge formulation: z_e ≤ x_i + x_j, z_e ≤ 2 − x_i − x_j, and z_e ≥ ±(x_i − x_j) for negative weights."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    scale = weight_unit(matrix)
    matrix = matrix / scale
    upper = sp.coo_array(sp.triu(matrix))
    n, m, edge = matrix.shape[0], upper.nnz, np.arange(upper.nnz)
    ends = (
        sp.csr_array((np.ones(m), (edge, upper.row)), shape=(m, n)),
        sp.csr_array((np.ones(m), (edge, upper.col)), shape=(m, n)),
    )
    total, difference = ends[0] + ends[1], ends[0] - ends[1]
    unit, negative = sp.eye_array(m, format="csr"), upper.data < 0
    rows = [sp.hstack([-total, unit]), sp.hstack([total, unit])]
    bounds = [np.zeros(m), np.full(m, 2.0)]
    for signed in (difference, -difference):
        rows.append(sp.hstack([signed, -unit])[negative])
        bounds.append(np.zeros(int(negative.sum())))
    fixed = np.ones(n + m)
    fixed[0] = 0.0  # a cut and its inverse are one: node 0 stays on side 0
    solution = milp(
        np.concatenate([np.zeros(n), -upper.data]),
        constraints=LinearConstraint(sp.vstack([row.tocsr() for row in rows]), -np.inf, np.concatenate(bounds)),
        integrality=np.concatenate([np.ones(n), np.zeros(m)]), bounds=Bounds(0, fixed),
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )  # fmt: skip
    if solution.status != 0:
        return None
    side = np.rint(solution.x[:n]).astype(np.int8)
    on = side.astype(float)
    value = float((matrix @ on) @ (1 - on))
    # The solver stops within its own tolerances; a proof needs its bound to leave no room for a larger cut.
    total, wanted = float(abs(upper.data).sum()), upper.data * scale
    whole = bool(np.all(wanted == np.rint(wanted))) and total * scale < 2**52  # larger numbers are all whole
    room = 0.5 / scale if whole else 1e-9 * total
    return Optimum(value * scale, side, "exact", "HiGHS") if -solution.mip_dual_bound < value + room else None
