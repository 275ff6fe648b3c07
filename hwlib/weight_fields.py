"""What a design says of its weights: patterns (eq. (3)) or a matrix, and the multiples of W that follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from hwlib.errors import all_of, shown
from hwlib.files import inside, read_text
from hwlib.quantities import parse_number
from hwlib.strict_model import StrictModel
from hwlib.task_kinds import Bits, FileName
from hwlib.units import Real, Whole

MIN_LEVEL, MAX_LEVEL = 1e-6, 1e6  # of a weight that is not 0, as multiple of W; names of rails have six decimals
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


def check_level(level: float) -> float:
    """Return a weight (multiple of W) unchanged.

    Raises:
        ValueError: neither 0 nor of a size that can be named, drawn and computed with.
    """
    if level != 0 and not MIN_LEVEL <= abs(level) <= MAX_LEVEL:  # also NaN
        raise ValueError(f"{level:.6g} is no weight: 0, or {MIN_LEVEL:g} to {MAX_LEVEL:g} in size")
    return level


def matrix_problems(rows: Sequence[Sequence[float]], neurons: int) -> Iterator[tuple[int, str]]:
    """What is wrong with the size and the diagonal of a weight matrix: index of the row, and message."""
    for k, row in enumerate(rows):
        if len(row) != neurons:
            yield k, f"row {k + 1} has {len(row)} values, a network of {neurons} neurons needs {neurons}"
        elif k < neurons and row[k] != 0:
            yield k, f"row {k + 1}, column {k + 1} is {row[k]:.6g}, a neuron has no synapse to itself"


Level = Annotated[Real, AfterValidator(check_level)]


class Weights(StrictModel):
    """What the synapses hold: Hebbian patterns (eq. (3)) or a matrix of multiples of W.

    Exactly one of ``random_patterns``, ``patterns``, ``matrix`` and ``matrix_file`` is given; the default is one
    random pattern drawn with the design's seed.
    """

    random_patterns: Whole | None = Field(default=None, ge=1, le=1000, description="how many, drawn with the seed")
    patterns: tuple[Bits, ...] | None = Field(
        default=None, min_length=1, description="stored patterns, strings of N bits"
    )
    matrix: tuple[tuple[Level, ...], ...] | None = Field(
        default=None, description="N rows of N multiples of W, row = postsynaptic neuron"
    )
    matrix_file: FileName | None = Field(default=None, description="CSV beside the design, row = postsynaptic neuron")

    @model_validator(mode="after")
    def _one(self) -> Weights:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of {', '.join(type(self).model_fields)}, found {', '.join(given)}")
        return self

    @property
    def is_matrix(self) -> bool:
        """Whether they are a matrix, not patterns."""
        return self.matrix is not None or self.matrix_file is not None

    def stored_patterns(self, neurons: int, seed: int) -> np.ndarray | None:
        """The patterns held, shape (patterns, N); None when the weights are a matrix.

        Random ones come from the first child of the seed, so that tasks can use the others.
        """
        if self.patterns is not None:
            return bits(self.patterns)
        if self.is_matrix:
            return None
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
        return rng.integers(0, 2, size=(self.random_patterns or 1, neurons), dtype=np.int8)

    def levels(self, neurons: int, seed: int, folder: Path) -> np.ndarray:
        """Multiples of W, shape (N, N), zero diagonal; whatever style and axons carry them.

        Args:
            neurons: N; a matrix in the design has been checked against it.
            seed: the design's.
            folder: that the matrix file is in.

        Raises:
            InputError: a matrix file of wrong shape, with values that are no weights or a nonzero diagonal.
        """
        patterns = self.stored_patterns(neurons, seed)
        if patterns is not None:
            return hebbian(patterns)
        if self.matrix is not None:
            return np.array(self.matrix, dtype=float)
        return _read_csv(inside(folder, self.matrix_file or "", "network.weights.matrix_file"), neurons)


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
