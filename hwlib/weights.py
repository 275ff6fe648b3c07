"""Synaptic weights as multiples of W, from patterns (eq. (3)) or a matrix. Rows are postsynaptic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hwlib.design import Design, check_level, matrix_problems
from hwlib.errors import InputError, all_of, shown
from hwlib.files import inside, read_text
from hwlib.quantities import parse_number
from hwlib.weight_styles import WEIGHT_STYLES

MAX_MATRIX_BYTES = 32 * 1024 * 1024  # a million numbers of thirty characters


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
    """The programmed weights as multiples of W, shape (N, N), zero diagonal, not to be written to.

    Raises:
        InputError: a matrix file of wrong shape, with values that are no weights or a nonzero diagonal, or more
            distinct levels than the rails style can carry.
    """
    return design.kept_levels(lambda: _fitting(design))


def _fitting(design: Design) -> np.ndarray:
    levels = own_levels(design) if design.programme is None else np.array(design.programme.levels)
    joined = design.topology.joined
    if stored_patterns(design) is not None:
        levels = np.where(joined, levels, 0.0)
    for post, pre in np.argwhere((levels != 0) & ~joined)[:1].tolist():
        raise InputError(
            f"network.weights: row {post + 1}, column {pre + 1} is {levels[post, pre]:.6g}, but network.topology has "
            f"no axon {pre}→{post}"
        )
    refusal = WEIGHT_STYLES[design.network.weight_style].refusal(levels, joined)
    if refusal is not None:
        raise InputError(f"network.weights: {refusal}")
    return levels


def own_levels(design: Design) -> np.ndarray:
    """The weights that the design itself gives, as ``weight_levels``; whatever style and axons carry them.

    Raises:
        InputError: a matrix file of wrong shape, with values that are no weights or a nonzero diagonal.
    """
    patterns = stored_patterns(design)
    if patterns is not None:
        return hebbian(patterns)
    if design.network.weights.matrix is not None:
        return np.array(design.network.weights.matrix, dtype=float)  # the design has checked it
    name = design.network.weights.matrix_file or ""
    return _read_csv(inside(design.folder, name, "network.weights.matrix_file"), design.network.neurons)


def _read_csv(path: Path, neurons: int) -> np.ndarray:
    numbers: list[int] = []
    rows: list[list[float]] = []
    wrong: list[tuple[int, str]] = []
    for number, line in enumerate(read_text(path, "weight matrix", MAX_MATRIX_BYTES).splitlines(), start=1):
        if not line.strip():
            continue
        numbers.append(number)
        try:
            rows.append([parse_number(cell) for cell in line.split(",")])
        except ValueError:
            wrong.append((number, f"a row is numbers separated by commas, found {shown(line)}"))
            continue
        wrong += [(number, f"row {len(numbers)}, column {k + 1}: {why}") for k, why in _bad_levels(rows[-1])]
    if not wrong:
        wrong = [(numbers[k], message) for k, message in matrix_problems(rows, neurons)]
    lines = [f"{path}:{number}: {message}" for number, message in wrong]
    if len(numbers) != neurons:
        lines.append(f"{path}: {len(numbers)} rows, a network of {neurons} neurons needs {neurons}")
    if lines:
        raise all_of(lines, path)
    return np.array(rows)


def _bad_levels(row: list[float]) -> Iterator[tuple[int, str]]:
    for k, level in enumerate(row):
        try:
            check_level(level)
        except ValueError as error:
            yield k, str(error)
