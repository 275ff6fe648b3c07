"""Training rules: how stored patterns become weights, within what the devices can hold. Rows are postsynaptic.

To add a rule, ``register`` an object here; designs name it in ``network.weights.rule``. Rules that train on a drawn
network take what its wires let through (``sim.drawn_training``) in place of the currents of ideal ones.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from hwlib.errors import InputError, shown
from hwlib.quantities import refuse_masked
from hwlib.registry import Registry

MIN_LEVEL = 1e-6  # of a weight that is not 0, as multiple of W; names of rails have six decimals
_ROUNDS = 1000  # of the perceptron: each corrects every neuron's worst state once


@dataclass(frozen=True)
class Lesson:
    """What a rule is given.

    Attributes:
        patterns: bits to store, shape (patterns, N).
        joined: where there is an axon, shape (N, N).
        off_share: what an OFF axon conducts of an ON one's, R_P / R_AP.
        limit: largest weight, multiples of W; None: no limit.
        steps: how many equal steps lead from 0 to the limit; None: any value.
        balanced: each neuron's weights are to sum up to 0.
        pull: A in each soma's track per multiple of W of each of its axons, with the walls as in each state, shape
            (states, N, N), rows postsynaptic; the states are the patterns and then their inverses. None: ideal wires.
        offset: A in each soma's track without weights, less what balances its leak, shape (states, N).
    """

    patterns: np.ndarray
    joined: np.ndarray
    off_share: float = 0.25
    limit: float | None = None
    steps: int | None = None
    balanced: bool = False
    pull: np.ndarray | None = None
    offset: np.ndarray | None = None

    @property
    def spins(self) -> np.ndarray:
        """The patterns as ±1, shape (patterns, N)."""
        return 2.0 * np.atleast_2d(self.patterns) - 1.0


class TrainingRule(ABC):
    """A way from patterns to weights.

    Attributes:
        name: in the design's ``network.weights.rule``.
        meaning: in a few words, for the reference of the design file.
        source: where it is published.
        on_drawn: whether it makes use of ``Lesson.pull``.
    """

    name: str
    meaning: str
    source: str
    on_drawn: bool = False

    @abstractmethod
    def levels(self, lesson: Lesson) -> np.ndarray:
        """Multiples of W, shape (N, N), zero diagonal; on Hebb's scale, where one pattern gives ±1."""


class Hebbian(TrainingRule):
    """Sum of outer products."""

    name = "hebbian"
    meaning = "the paper's eq. (3), summed"
    source = "paper, eq. (3); Hopfield, PNAS 79, 2554 (1982)"

    def levels(self, lesson: Lesson) -> np.ndarray:
        """As ``hebbian``."""
        return hebbian(lesson.patterns)


class Storkey(TrainingRule):
    """Each pattern is stored with the local fields of those before it taken off; N times the published weights."""

    name = "storkey"
    meaning = "Hebb's with the fields of what is stored already taken off"
    source = "Storkey, ICANN 1997, LNCS 1327, 451: w += (ξ_i ξ_j − ξ_i h_ji − h_ij ξ_j)/N, h_ij = Σ_{k≠i,j} w_ik ξ_k"

    def levels(self, lesson: Lesson) -> np.ndarray:
        """Pattern after pattern."""
        n = lesson.spins.shape[1]
        weights = np.zeros((n, n))
        for spin in lesson.spins:
            field = (weights @ spin)[:, None] - weights * spin  # the diagonal of the weights is 0: k ≠ i
            weights += (np.outer(spin, spin) - spin[:, None] * field.T - field * spin) / n
            np.fill_diagonal(weights, 0.0)
        return n * weights


class PseudoInverse(TrainingRule):
    """The projection on the patterns, W P = P; N times it, without its diagonal."""

    name = "pseudo-inverse"
    meaning = "projection on the patterns"
    source = "Personnaz, Guyon & Dreyfus, Phys. Rev. A 34, 4217 (1986): W = P P⁺"

    def levels(self, lesson: Lesson) -> np.ndarray:
        """Singular directions that count as none are left out."""
        columns = lesson.spins.T
        weights = len(columns) * (columns @ np.linalg.pinv(columns))
        np.fill_diagonal(weights, 0.0)
        return weights


class Perceptron(TrainingRule):
    """Each neuron learns by itself to be held in every state, both forms of every pattern: its worst is corrected."""

    name = "perceptron"
    meaning = "each neuron's least held state is corrected, with the currents of OFF axons, within limit and steps"
    source = "Krauth & Mézard, J. Phys. A 20, L745 (1987): the pattern of least stability is learnt next"
    on_drawn = True

    def levels(self, lesson: Lesson) -> np.ndarray:
        """As ``least_held_learnt``, from Hebb's weights on."""
        spins = np.concatenate([lesson.spins, -lesson.spins])
        pull, offset = lesson.pull, lesson.offset
        if pull is None:
            pull = np.where(spins > 0, 1.0, lesson.off_share)[:, None, :]
        if offset is None:
            offset = np.zeros(spins.shape)
        return least_held_learnt(lesson, spins, pull, offset)


NUMBERS = "biuf"  # kinds of NumPy's: yes or no, whole numbers, others
TRAINING_RULES: Registry[TrainingRule] = Registry("training rule")


def register(rule: TrainingRule) -> TrainingRule:
    """Add a training rule.

    Raises:
        ValueError: its name is taken.
    """
    return TRAINING_RULES.add(rule.name, rule)


HEBBIAN, STORKEY, PSEUDO_INVERSE, PERCEPTRON = map(register, (Hebbian(), Storkey(), PseudoInverse(), Perceptron()))


def _found(given: np.ndarray) -> str:
    """What stands where bits were to be."""
    if given.ndim != 2:
        return f"found shape {given.shape}"
    strange = given[~np.isin(given, (0, 1))].tolist()[0] if given.dtype.kind in NUMBERS else given.ravel().tolist()[0]
    return f"found {shown(strange)}{' (of spins s the bits are (s + 1)/2)' if strange == -1 else ''}"


def hebbian(patterns: np.ndarray) -> np.ndarray:
    """Sum of eq. (3) over patterns: ``W_ij = Σ (2S_i − 1)(2S_j − 1)``, ``W_ii = 0``.

    Args:
        patterns: bits, shape (patterns, N).

    Returns:
        Multiples of W, shape (N, N), symmetric.

    Raises:
        InputError: what are no bits, such as spins of ±1, or another shape.
    """
    refuse_masked(patterns, "patterns")
    try:
        given = np.atleast_2d(patterns)
    except ValueError:
        raise InputError("patterns: allowed are bits of shape (patterns, N); found rows of different lengths") from None
    if given.ndim != 2 or given.dtype.kind not in NUMBERS or not np.isin(given, (0, 1)).all():
        raise InputError(f"patterns: allowed are bits, 0 and 1, of shape (patterns, N); {_found(given)}")
    spins = 2.0 * given - 1.0
    levels = spins.T @ spins
    np.fill_diagonal(levels, 0.0)
    return levels


def trained(rule: TrainingRule, lesson: Lesson) -> np.ndarray:
    """The weights of a rule where there are axons, balanced if asked for, within limit and steps, shape (N, N).

    Those below ``MIN_LEVEL`` are 0: what rounding leaves where a rule's sums cancel is no weight.
    """
    levels = np.where(lesson.joined, rule.levels(lesson), 0.0)
    if lesson.balanced:
        mean = levels.sum(axis=1) / np.maximum(lesson.joined.sum(axis=1), 1)
        levels = np.where(lesson.joined, levels - mean[:, None], 0.0)
    levels = within(levels, lesson.limit, lesson.steps)
    return np.where(np.abs(levels) < MIN_LEVEL, 0.0, levels)


def within(levels: np.ndarray, limit: float | None, steps: int | None) -> np.ndarray:
    """Weights as devices can hold them: none beyond the limit, each the nearest of the steps.

    Args:
        levels: multiples of W.
        limit: largest size; None: none, and steps lead to the largest one here.
        steps: how many lead from 0 to the limit; None: any value.
    """
    if limit is not None:
        levels = np.clip(levels, -limit, limit)
    largest = float(np.abs(levels).max(initial=0.0)) if limit is None else limit
    if steps is None or largest == 0:
        return levels
    return np.round(levels / largest * steps) * (largest / steps)


def least_held_learnt(lesson: Lesson, spins: np.ndarray, pull: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Weights that hold states: of every neuron the state held least is learnt next, the best weights seen are kept.

    With steps the weights are judged as rounded, while what is learnt adds up unrounded.

    Args:
        lesson: axons, limit and steps.
        spins: the states, ±1, shape (states, N).
        pull: current per weight, shape (states, N or 1, N).
        offset: current without weights, shape (states, N).

    Returns:
        Multiples of W, shape (N, N); without a limit of the root mean square of Hebb's.
    """
    n, rows = spins.shape[1], np.arange(spins.shape[1])
    pull = np.broadcast_to(pull, (len(spins), n, n))
    weights = np.where(lesson.joined, hebbian(lesson.patterns), 0.0)
    usual = _size(weights, lesson.joined) or 1.0
    if lesson.limit is not None:
        weights = np.clip(weights, -lesson.limit, lesson.limit)
    unit = np.sqrt((np.where(lesson.joined, pull, 0.0) ** 2).sum(axis=2).mean(axis=0))  # A per weight, of each neuron
    step = (usual if lesson.limit is None else min(lesson.limit, usual)) / np.sqrt(n)
    best, held = weights, np.full(n, -np.inf)
    for k in range(_ROUNDS):
        tried = within(weights, lesson.limit, lesson.steps)
        toward = spins * (np.einsum("sij,ij->si", pull, tried) + offset)
        size = np.maximum(np.sqrt((tried**2).sum(axis=1)), 1e-300) if lesson.limit is None else np.ones(n)
        least = toward.min(axis=0) / size
        better = least > held
        best, held = np.where(better[:, None], tried, best), np.where(better, least, held)
        worst = toward.argmin(axis=0)
        learnt = spins[worst, rows][:, None] * pull[worst, rows] / unit[:, None]
        weights = np.where(lesson.joined, weights + step / np.sqrt(1 + k / 20) * learnt, 0.0)
        if lesson.limit is not None:
            weights = np.clip(weights, -lesson.limit, lesson.limit)
    return best if lesson.limit is not None else best * (usual / (_size(best, lesson.joined) or 1.0))


def _size(weights: np.ndarray, joined: np.ndarray) -> float:
    """Root mean square over the axons."""
    return float(np.sqrt((weights[joined] ** 2).mean())) if joined.any() else 0.0
