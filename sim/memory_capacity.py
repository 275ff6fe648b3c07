"""How many patterns a network holds: the share that are rest states against how many are stored, by training rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwlib.network import Network
from hwlib.training_rules import HEBBIAN, PERCEPTRON, PSEUDO_INVERSE, STORKEY, Lesson, TrainingRule, trained
from sim.drawn_training import drawn_lesson
from sim.protocol import Protocol
from sim.rules.statics import StaticCircuits
from sim.rules.stored_states import least_margins


@dataclass(frozen=True)
class Training:
    """A way to train, as it is compared.

    Attributes:
        rule: the training rule.
        balanced, limit, steps: as of ``Lesson``.
        on_drawn: with the currents of the network itself, its wires included, instead of ideal wires'.
    """

    rule: TrainingRule
    balanced: bool = False
    limit: float | None = None
    steps: int | None = None
    on_drawn: bool = False

    @property
    def label(self) -> str:
        """In tables and figures."""
        parts = [self.rule.name, "balanced" * self.balanced, "as drawn" * self.on_drawn]
        if self.limit is not None:
            parts.append(f"|W| ≤ {self.limit:g}" + (f" in {self.steps} steps" if self.steps else ""))
        return ", ".join(part for part in parts if part)


TRAININGS = (
    Training(HEBBIAN), Training(STORKEY), Training(STORKEY, balanced=True), Training(PSEUDO_INVERSE, balanced=True),
    Training(PERCEPTRON), Training(HEBBIAN, limit=3, steps=3), Training(PSEUDO_INVERSE, True, limit=3, steps=3),
    Training(PERCEPTRON, limit=3, steps=3), Training(PERCEPTRON, limit=1, steps=1),
)  # fmt: skip
ON_DRAWN = (Training(PERCEPTRON, on_drawn=True), Training(PERCEPTRON, limit=3, steps=3, on_drawn=True))


def resting_patterns(
    network: Network, protocol: Protocol, patterns: np.ndarray, counts: Sequence[int], trainings: Sequence[Training],
    off_share: float, *, progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:  # fmt: skip
    """How many of the first so many patterns are rest states when these are stored, in one form and in both.

    Args:
        network: with weight lines, ideal or extracted.
        protocol: V_DW, W and leaks' voltages; its levels are not used.
        patterns: bits, as many as the largest count, shape (patterns, N).
        counts: patterns stored together.
        trainings: how.
        off_share: what an OFF axon conducts of an ON one's.
        progress: called with (states solved, in all).

    Returns:
        Patterns that rest in at least one form, and in both, shape (trainings, counts, 2).
    """
    most = max(counts)
    patterns, joined = patterns[:most], ~np.eye(network.neurons, dtype=bool)
    total, done = (2 if any(each.on_drawn for each in trainings) else 1) * 2 * most, 0
    whole = None
    if total > 2 * most:
        whole = drawn_lesson(
            network, protocol, patterns, progress=lambda k, n: progress(k, total) if progress else None
        )
        done = 2 * most
    points = [(training, count) for training in trainings for count in counts]
    levels = [_levels(training, patterns[:count], joined, off_share, whole) for training, count in points]
    protocols = [replace(protocol, levels=each) for each in levels]
    circuits = StaticCircuits(network)
    margins = np.full((2, most, len(points)), -np.inf)
    for k, bits in enumerate(np.concatenate([patterns, 1 - patterns])):
        form, pattern = divmod(k, most)
        asked = [p for p, (_, count) in enumerate(points) if pattern < count]
        margins[form, pattern, asked] = least_margins(network, [protocols[p] for p in asked], bits, circuits)
        if progress:
            progress(done + k + 1, total)
    rests = margins >= 0
    found = np.stack([rests.any(axis=0).sum(axis=0), rests.all(axis=0).sum(axis=0)], axis=-1)
    return found.reshape(len(trainings), len(counts), 2)


def _levels(
    training: Training, patterns: np.ndarray, joined: np.ndarray, off_share: float, whole: Lesson | None
) -> np.ndarray:  # fmt: skip
    lesson = Lesson(patterns, joined, off_share, training.limit, training.steps, training.balanced)
    if training.on_drawn:
        assert whole is not None and whole.pull is not None and whole.offset is not None
        most, count = len(whole.patterns), len(patterns)
        mine = np.r_[0:count, most : most + count]
        lesson = replace(lesson, joined=whole.joined, pull=whole.pull[mine], offset=whole.offset[mine])
    return trained(training.rule, lesson)
