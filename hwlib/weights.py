"""Synaptic weights as multiples of W, from patterns (eq. (3)) or a matrix. Rows are postsynaptic."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.files import inside, read_text

MAX_RAILS = 16


def hebbian(patterns: np.ndarray) -> np.ndarray:
    """Sum of eq. (3) over patterns: ``W_ij = Σ (2S_i − 1)(2S_j − 1)``, ``W_ii = 0``.

    Args:
        patterns: bits, shape (patterns, N).

    Returns:
        Multiples of W, shape (N, N), symmetric.
    """
    spins = 2.0 * np.atleast_2d(patterns) - 1.0
    levels = spins.T @ spins
    np.fill_diagonal(levels, 0.0)
    return levels


def bits(words: tuple[str, ...] | list[str]) -> np.ndarray:
    """Turn strings of 0 and 1 into an integer array, shape (words, N)."""
    return np.array([[int(c) for c in word] for word in words], dtype=np.int8)


def stored_patterns(design: Design) -> np.ndarray | None:
    """The patterns a design stores, shape (patterns, N); None when its weights are a matrix.

    Random ones come from the first child of the design's seed, so that tasks can use the others.
    """
    weights = design.network.weights
    if weights.patterns is not None:
        return bits(weights.patterns)
    if weights.matrix is not None or weights.matrix_file is not None:
        return None
    rng = np.random.default_rng(np.random.SeedSequence(design.seed, spawn_key=(0,)))
    count = weights.random_patterns or 1
    return rng.integers(0, 2, size=(count, design.network.neurons), dtype=np.int8)


def weight_levels(design: Design) -> np.ndarray:
    """The programmed weights as multiples of W, shape (N, N), zero diagonal.

    Raises:
        InputError: wrong shape, a value that is no finite number, a nonzero diagonal, or more distinct levels than
            the rails style can carry.
    """
    patterns = stored_patterns(design)
    if patterns is not None:
        levels = hebbian(patterns)
    elif design.network.weights.matrix is not None:
        levels = _checked([list(row) for row in design.network.weights.matrix], "network.weights.matrix", design)
    else:
        name = design.network.weights.matrix_file or ""
        path = inside(design.folder, name, "network.weights.matrix_file")
        levels = _checked(_read_csv(path), str(path), design)
    if design.network.weight_style == "rails" and len(rail_levels(levels)) > MAX_RAILS:
        raise InputError(
            f"network.weights: {len(rail_levels(levels))} distinct weights, the rails style carries at most "
            f"{MAX_RAILS}; use weight_style lines"
        )
    return levels


def rail_levels(levels: np.ndarray) -> list[float]:
    """The distinct weights off the diagonal, ascending: one rail each."""
    off = ~np.eye(len(levels), dtype=bool)
    return [float(x) for x in np.unique(np.round(levels[off], 6) + 0.0)]


def _read_csv(path: Path) -> list[list[float]]:
    rows = []
    for number, line in enumerate(read_text(path, "weight matrix").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            rows.append([float(cell) for cell in line.split(",")])
        except ValueError:
            raise InputError(f"{path}:{number}: a row is numbers separated by commas, found {line[:60]!r}") from None
    return rows


def _checked(rows: list[list[float]], where: str, design: Design) -> np.ndarray:
    n = design.network.neurons
    for number, row in enumerate(rows, start=1):
        if len(row) != n:
            raise InputError(f"{where}: row {number} has {len(row)} values, a network of {n} neurons needs {n}")
    if len(rows) != n:
        raise InputError(f"{where}: {len(rows)} rows, a network of {n} neurons needs {n}")
    levels = np.array(rows, dtype=float)
    if not np.isfinite(levels).all():
        i, j = np.argwhere(~np.isfinite(levels))[0]
        raise InputError(f"{where}: row {i + 1}, column {j + 1} is {levels[i, j]}, weights are finite numbers")
    if np.any(np.diag(levels)):
        i = int(np.flatnonzero(np.diag(levels))[0])
        raise InputError(
            f"{where}: row {i + 1}, column {i + 1} is {levels[i, i]:.6g}, a neuron has no synapse to itself"
        )
    return levels
