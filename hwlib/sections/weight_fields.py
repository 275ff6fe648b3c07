"""What a design says of its weights: patterns (eq. (3)) or a matrix, and the multiples of W that follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from hwlib.errors import all_of, shown
from hwlib.quantities import parse_number
from hwlib.storage.files import inside, read_text
from hwlib.strict_model import StrictModel
from hwlib.task_kinds import Bits, FileName
from hwlib.training_rules import HEBBIAN, MIN_LEVEL, TRAINING_RULES, Lesson, trained
from hwlib.units import Real, Whole

MAX_V_DW, MAX_VOLTAGE = 1e3, 100.0  # V; the latter of V_C and W
MAX_LEVEL = 1e6  # of a weight, as multiple of W; the smallest that is not 0 is MIN_LEVEL
GIVEN = "given"  # the rule of weights that were trained elsewhere
MAX_MATRIX_BYTES = 32 * 1024 * 1024  # a million numbers of thirty characters


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


def _rows(value: Any) -> Any:
    """The name of a file stands in a field of its own."""
    if isinstance(value, str):
        raise ValueError(f"{shown(value)} is a text; give rows of numbers here, or a file's name as matrix_file")
    return value


def _words(value: Any) -> Any:
    if isinstance(value, str):
        raise ValueError(f"{shown(value)} is a text; give a list of texts of N bits, such as ['101', '011']")
    return value


def _known_rule(name: str) -> str:
    if name != GIVEN and name not in TRAINING_RULES:
        raise ValueError(f"found {shown(name)}, allowed: {', '.join([*TRAINING_RULES, GIVEN])}")
    return name


_TRAINING = ("rule", "limit", "steps", "balanced")
_PATTERNS, _MATRIX = ("random_patterns", "patterns"), ("matrix", "matrix_file")
_MEANINGS = "; ".join(f"{rule.name}: {rule.meaning}" for rule in TRAINING_RULES.values())


class Weights(StrictModel):
    """What the synapses hold: patterns, by a training rule, or a matrix of multiples of W.

    One of ``random_patterns``, ``patterns``, ``matrix`` and ``matrix_file`` is given; the default is one random pattern
    drawn with the design's seed. With the rule ``given`` a matrix stands beside the patterns that it stores.
    """

    random_patterns: Whole | None = Field(default=None, ge=1, le=1000, description="how many, drawn with the seed")
    patterns: Annotated[tuple[Bits, ...] | None, BeforeValidator(_words)] = Field(
        default=None, min_length=1, description="stored patterns, strings of N bits"
    )
    matrix: Annotated[tuple[tuple[Level, ...], ...] | None, BeforeValidator(_rows)] = Field(
        default=None, description="N rows of N multiples of W, row = postsynaptic neuron"
    )
    matrix_file: FileName | None = Field(default=None, description="CSV beside the design, row = postsynaptic neuron")
    rule: Annotated[str, AfterValidator(_known_rule)] = Field(
        default=HEBBIAN.name, json_schema_extra={"enum": [*TRAINING_RULES, GIVEN]},
        description=f"how patterns become weights. {_MEANINGS}; {GIVEN}: a matrix stores them, trained elsewhere",
    )  # fmt: skip
    limit: Real | None = Field(
        default=None,
        ge=MIN_LEVEL,
        le=MAX_LEVEL,
        description="largest trained weight, multiples of W; larger ones are cut",
    )
    steps: Whole | None = Field(
        default=None, ge=1, le=1000,
        description="equal steps from 0 to limit (or the largest weight) that trained weights are rounded to",
    )  # fmt: skip
    balanced: bool = Field(
        default=False,
        strict=True,
        description="each neuron's mean weight is taken off: OFF axons, which conduct too, then do not shift it",
    )

    @model_validator(mode="after")
    def _one(self) -> Weights:
        found = [name for name in (*_PATTERNS, *_MATRIX) if getattr(self, name) is not None]
        by_kind = [[name for name in found if name in kind] for kind in (_PATTERNS, _MATRIX)]
        together = self.rule == GIVEN and all(len(kind) <= 1 for kind in by_kind)
        if len(found) > 1 and not together:
            raise ValueError(f"give one of {', '.join((*_PATTERNS, *_MATRIX))}, found {', '.join(found)}")
        if self.rule == GIVEN and not self.is_matrix:
            raise ValueError(f"rule {GIVEN}: give the trained weights, matrix or matrix_file")
        if self.is_matrix and self.trained_by:
            raise ValueError(f"{self.trained_by[0]}: a matrix is not trained; leave it out")
        if self.rule in TRAINING_RULES and TRAINING_RULES[self.rule].on_drawn and self.balanced:
            raise ValueError(f"balanced: rule {self.rule} learns how far; leave it out")
        return self

    @property
    def trained_by(self) -> list[str]:
        """Fields that say how patterns are trained, where they are not as by default."""
        fields = type(self).model_fields
        return [name for name in _TRAINING if getattr(self, name) not in (fields[name].default, GIVEN)]

    @property
    def is_matrix(self) -> bool:
        """Whether a matrix holds them, not a rule."""
        return self.matrix is not None or self.matrix_file is not None

    @property
    def says_which(self) -> bool:
        """Whether they say by themselves what is stored, where the task's files could."""
        return self.rule != GIVEN and any(getattr(self, name) is not None for name in (*_PATTERNS, *_MATRIX))

    @property
    def stores_patterns(self) -> bool:
        """Whether it is known which patterns they store."""
        return not self.is_matrix or self.patterns is not None or self.random_patterns is not None

    def untrained(self) -> Weights:
        """The same patterns by the paper's rule, or the same matrix."""
        return self.model_copy(update={name: type(self).model_fields[name].default for name in _TRAINING})

    def storing(self, words: tuple[str, ...]) -> Weights:
        """The same training for other patterns; a trained matrix stays beside them."""
        gone = ("random_patterns",) if self.rule == GIVEN else ("random_patterns", *_MATRIX)
        return self.model_copy(update={**dict.fromkeys(gone), "patterns": words})

    def stored_patterns(self, neurons: int, seed: int) -> np.ndarray | None:
        """The patterns held, shape (patterns, N); None when the weights are a matrix of what nothing says.

        Random ones come from the first child of the seed, so that tasks can use the others.
        """
        if self.patterns is not None:
            return bits(self.patterns)
        if not self.stores_patterns:
            return None
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
        return rng.integers(0, 2, size=(self.random_patterns or 1, neurons), dtype=np.int8)

    def levels(self, neurons: int, seed: int, folder: Path, joined: np.ndarray, off_share: float) -> np.ndarray:
        """Multiples of W, shape (N, N), zero diagonal; whatever style carries them.

        Args:
            neurons: N; a matrix in the design has been checked against it.
            seed: the design's.
            folder: that the matrix file is in.
            joined: where there is an axon, shape (N, N): patterns are stored there; a matrix is as given.
            off_share: what an OFF axon conducts of an ON one's.

        Raises:
            InputError: a matrix file of wrong shape, with values that are no weights or a nonzero diagonal.
        """
        if self.matrix is not None:
            return np.array(self.matrix, dtype=float)
        if self.matrix_file is not None:
            return _read_csv(inside(folder, self.matrix_file, "network.weights.matrix_file"), neurons)
        patterns = self.stored_patterns(neurons, seed)
        assert patterns is not None
        lesson = Lesson(patterns, joined, off_share, self.limit, self.steps, self.balanced)
        return trained(TRAINING_RULES[self.rule], lesson)


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
