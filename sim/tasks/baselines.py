"""What software does with the same graphs: random cut, greedy, local search, annealing, Goemans–Williamson."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from hwlib.errors import InputError
from sim.tasks.graphs import adjacency, weight_unit

GW_MAX_NODES = 120  # the semidefinite program takes 2 s at 60 nodes and 15 s at 100
_SDP_TOLERANCE = 1e-6
OFF_OUTPUT = 0.25  # R_P / R_AP: what an OFF axon still conducts


def random_cuts(graph: Any, samples: int, seed: int = 0) -> np.ndarray:
    """Cuts of uniformly random bipartitions, shape (samples,); their mean is half of all weight."""
    matrix = adjacency(graph)
    return _cuts(matrix, np.random.default_rng(seed).integers(0, 2, (samples, matrix.shape[0])))


def bisection_cuts(graph: Any, samples: int, seed: int = 0) -> np.ndarray:
    """Cuts of random halvings (⌊n/2⌋ nodes ON), shape (samples,); their mean is n/(2(n − 1)) of all weight for even n.

    This, not half of the weight, is what the paper's "0.5-approximation" scores.
    """
    matrix, rng = adjacency(graph), np.random.default_rng(seed)
    halves = np.tile(np.arange(matrix.shape[0]) < matrix.shape[0] // 2, (samples, 1))
    return _cuts(matrix, rng.permuted(halves, axis=1))


def greedy_cut(graph: Any) -> float:
    """One pass over the nodes in order, each put on the side that cuts more (Sahni and Gonzalez, 1976)."""
    weights = adjacency(graph).toarray()
    spins = np.zeros(len(weights))
    for node, row in enumerate(weights):
        spins[node] = -1.0 if row @ spins > 0 else 1.0
    return float(_cuts(sp.csr_array(weights), spins[None, :] > 0)[0])


def local_search_cuts(graph: Any, samples: int, seed: int = 0) -> np.ndarray:
    """Cuts of one-flip local search from random starts, shape (samples,)."""
    from sim.tasks import compiled_search

    matrix = adjacency(graph)
    weights, rng = matrix.toarray(), np.random.default_rng(seed)
    starts = rng.integers(0, 2, (samples, len(weights)), dtype=np.int8)
    return _cuts(matrix, np.array([compiled_search.climb(weights, start) for start in starts]))


def annealed_cuts(graph: Any, samples: int, seed: int = 0, sweeps: int = 1000) -> np.ndarray:
    """Cuts of simulated annealing (dwave-samplers), shape (samples,)."""
    matrix = adjacency(graph)
    return _cuts(matrix, annealed_sides(matrix, samples, seed, sweeps))


def annealed_sides(graph: Any, samples: int, seed: int = 0, sweeps: int = 1000) -> np.ndarray:
    """The bipartitions that simulated annealing (dwave-samplers) ends in, 0 and 1, shape (samples, N)."""
    from dwave.samplers import SimulatedAnnealingSampler

    nodes, couplings = _ising(graph)
    found = SimulatedAnnealingSampler().sample_ising(
        {}, couplings, num_reads=samples, num_sweeps=sweeps, seed=seed % 2**31
    )
    return _sides(found, nodes)


def tabu_sides(graph: Any, samples: int, seed: int = 0, moves_per_node: int = 5000) -> np.ndarray:
    """The best bipartition of each of some tabu searches (dwave-samplers) from random ones, shape (samples, N).

    Palubeckis, Ann. Oper. Res. 131, 259 (2004). Each ends after a number of moves, never by the clock, so that a seed
    has one answer.
    """
    from dwave.samplers import TabuSampler

    nodes, couplings = _ising(graph)
    found = TabuSampler().sample_ising(
        {}, couplings, num_reads=samples, num_restarts=0, timeout=None, seed=seed % 2**31,
        coefficient_z_first=moves_per_node, lower_bound_z=1,
    )  # fmt: skip
    return _sides(found, nodes)


def tabu_cuts(graph: Any, samples: int, seed: int = 0, sweeps: int = 100) -> np.ndarray:
    """Best cuts of tabu searches from random starts, shape (samples,); a sweep is a move per node."""
    matrix = adjacency(graph)
    return _cuts(matrix, tabu_sides(matrix, samples, seed, sweeps))


def _ising(graph: Any) -> tuple[int, dict[tuple[int, int], float]]:
    """Number of nodes, and the couplings, in a fit unit, whose lowest energy is the largest cut."""
    matrix = adjacency(graph)
    upper = sp.coo_array(sp.triu(matrix / weight_unit(matrix)))
    return upper.shape[0], {
        (int(i), int(j)): float(w) for i, j, w in zip(upper.row, upper.col, upper.data, strict=True)
    }


def _sides(found: Any, nodes: int) -> np.ndarray:
    sides = np.zeros((len(found.record), nodes), np.int8)  # nodes without an edge stay on side 0
    sides[:, list(found.variables)] = found.record.sample > 0
    return sides


def goemans_williamson(graph: Any, roundings: int = 100, seed: int = 0) -> tuple[np.ndarray, float]:
    """Cuts of random-hyperplane roundings of the semidefinite relaxation, and the relaxation's upper bound.

    Goemans and Williamson, J. ACM 42, 1115 (1995). The dual program, min Σy with Diag(y) − L/4 positive semidefinite
    (L the graph's Laplacian), is solved by Clarabel; its cone multiplier is the matrix to round.

    Args:
        graph: at most 120 nodes.
        roundings: hyperplanes.
        seed: of the hyperplanes.

    Returns:
        Cuts, shape (roundings,), and an upper bound on every cut.

    Raises:
        InputError: too many nodes, or the solver gave up.
    """
    import clarabel

    matrix = adjacency(graph)
    n = matrix.shape[0]
    if n > GW_MAX_NODES:
        raise InputError(f"Goemans-Williamson: {n} nodes, at most {GW_MAX_NODES}")
    unit = weight_unit(matrix)
    weights = (matrix / unit).toarray()
    laplacian = np.diag(weights.sum(axis=1)) - weights
    columns, rows = (index for index in np.tril_indices(n))  # upper triangle, column by column
    scale = np.where(rows == columns, 1.0, np.sqrt(2.0))
    diagonal = np.flatnonzero(rows == columns)
    constraint = sp.csc_matrix((-np.ones(n), (diagonal, np.arange(n))), shape=(len(rows), n))
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = _SDP_TOLERANCE
    solution = clarabel.DefaultSolver(
        sp.csc_matrix((n, n)), np.ones(n), constraint, -laplacian[rows, columns] / 4 * scale,
        [clarabel.PSDTriangleConeT(n)], settings,
    ).solve()  # fmt: skip
    if str(solution.status) not in ("Solved", "AlmostSolved"):
        raise InputError(f"Goemans-Williamson: the semidefinite solver stopped with {solution.status}")
    gram = np.zeros((n, n))
    gram[rows, columns] = gram[columns, rows] = np.array(solution.z) / scale
    values, vectors = np.linalg.eigh(gram)
    points = vectors * np.sqrt(np.maximum(values, 0.0))
    planes = np.random.default_rng(seed).standard_normal((n, roundings))
    # Raising every y by what is missing makes the dual point feasible, so the bound holds whatever the tolerance.
    dual = np.array(solution.x)
    missing = max(0.0, -np.linalg.eigvalsh(np.diag(dual) - laplacian / 4)[0])
    return _cuts(matrix, (points @ planes).T > 0), float(dual.sum() + n * missing) * unit


def asynchronous_cuts(graph: Any, levels: np.ndarray, samples: int, seed: int = 0, sweeps: int = 200) -> np.ndarray:
    """Cuts of an asynchronous software network with the hardware's weights and outputs ¼ (OFF) and 1 (ON).

    Args:
        graph: to score the states.
        levels: weights as multiples of W, shape (N, N).
        samples: random update orders.
        seed: of the orders.
        sweeps: most sweeps of one run.
    """
    from sim.tasks import compiled_search

    rng = np.random.default_rng(seed)
    n = len(levels)
    states = [
        compiled_search.asynchronous(levels, rng.permuted(np.tile(np.arange(n), (sweeps, 1)), axis=1), OFF_OUTPUT)
        for _ in range(samples)
    ]
    return _cuts(adjacency(graph), np.array(states))


def _cuts(matrix: sp.csr_array, sides: np.ndarray) -> np.ndarray:
    on = np.asarray(sides, float)
    return np.sum((on @ matrix) * (1 - on), axis=-1)
