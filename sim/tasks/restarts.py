"""What an answer costs when a search that may fail is begun again until it has most likely succeeded."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from sim.tasks.kinds import Measure
from sim.tasks.statistics import Interval, mean, proportion

CERTAINTY = 0.99  # of at least one success
TARGETS = {"best": 0.0, "one_percent": 0.01}  # name → gap to the best cut that counts as success
_WORDS = {"best": ("the best cut", "best"), "one_percent": ("a cut within 1 % of the best", "1 %")}
COSTS: tuple[Literal["time", "energy"], ...] = ("time", "energy")
LADDER = (1, 3, 10, 30, 100, 300, 1000)  # sweeps of one run of a software search
_RUNS = 100  # of each, for its rate of success


def restarts(rate: float) -> float:
    """Serial runs after which at least one has succeeded with 99 % certainty: ln 0.01 / ln(1 − rate), one at least.

    Rønnow et al., Science 345, 420 (2014). Infinite when no run succeeds.
    """
    if rate >= CERTAINTY:
        return 1.0
    return math.log(1 - CERTAINTY) / math.log1p(-rate) if rate > 0 else math.inf


def serial_cost(costs: np.ndarray, succeeded: np.ndarray) -> Interval:
    """Time or energy to a success with 99 % certainty, runs one after the other.

    Args:
        costs: of each run, whether it succeeded or not, shape (runs,).
        succeeded: whether it did, shape (runs,).

    Returns:
        Mean cost × ``restarts`` of the rate of success. Its 95 % interval joins those of the rate (Wilson) and of the
        mean (Student t), as independent relative errors; without any success there is only a lower end.
    """
    cost, rate = mean(costs), proportion(int(np.sum(succeeded)), len(succeeded))
    value, least, most = (cost.value * restarts(each) for each in (rate.value, rate.high, rate.low))
    spread = math.log(cost.high / cost.value) if math.isfinite(cost.high) else math.inf
    if not math.isfinite(value):
        return Interval(value, least * math.exp(-spread), math.inf)
    low, high = (math.hypot(math.log(ratio), spread) for ratio in (value / least, most / value))
    return Interval(value, value * math.exp(-low), value * math.exp(high) if math.isfinite(high) else math.inf)


def near(cuts: np.ndarray, best: float, gap: float) -> np.ndarray:
    """Whether cuts are within a share of the best one, whatever their unit."""
    return np.asarray(cuts) >= best - (gap + 1e-9) * abs(best)


def effort_columns() -> tuple[Measure, ...]:
    """Measures of restarted trials and of software beside them, per graph."""
    found = [
        Measure("restarts", "restarts", "whole", "trials from random loads; 0: one from all walls OFF", if_any=True)
    ]
    for target, (words, short) in _WORDS.items():
        found.append(Measure(f"rate_{target}", "", "share", f"share of trials that reach {words}, at rest"))
        for cost in COSTS:
            what = f"{cost} to {words} with 99 % certainty, trials one after the other; read-out and choice not counted"
            name = f"{cost}_to_{target}"
            found.append(Measure(name, f"{cost} to {short}", cost, what, if_any=True))
            found += [Measure(f"{name}_{end}", "", cost, f"{end} end of its 95 % interval") for end in ("low", "high")]
        for search, title in (("annealing", "simulated annealing"), ("tabu", "tabu search")):
            what = f"sweeps of {title} to {words} with 99 % certainty, with the best of several lengths of a run"
            name = f"{search}_sweeps_to_{target}"
            found.append(Measure(name, f"{search} sweeps to {short}", "estimate", what, if_any=True))
    return tuple(found)


def effort(cuts: np.ndarray, times: np.ndarray, energies: np.ndarray, good: np.ndarray, best: float) -> dict[str, Any]:
    """What restarted trials of one graph come to, by the names of ``effort_columns``.

    Args:
        cuts: of every trial, shape (trials,).
        times: s, load and convergence.
        energies: J from the sources.
        good: whether the trial is at rest and its outcome determined; others are no success.
        best: the cut to reach.
    """
    row: dict[str, Any] = {"restarts": len(cuts)}
    for target, gap in TARGETS.items():
        reached = near(cuts, best, gap) & good
        row[f"rate_{target}"] = float(reached.mean())
        for cost, values in zip(COSTS, (times, energies), strict=True):
            found = serial_cost(values, reached)
            for end, value in (("", found.value), ("_low", found.low), ("_high", found.high)):
                row[f"{cost}_to_{target}{end}"] = value if math.isfinite(value) else None
    return row


def no_effort() -> dict[str, Any]:
    """The same of a graph without restarts: nothing."""
    return {column.name: 0 if column.name == "restarts" else None for column in effort_columns()}


def software_effort(graph: Any, best: float, seed: int = 0) -> dict[str, float | None]:
    """Sweeps that simulated annealing and tabu search need for the same graph, by the names of ``effort_columns``.

    A run's length is free: of the lengths in ``LADDER`` the cheapest counts, as is usual. A sweep of tabu search is as
    many moves as there are nodes.
    """
    from sim.tasks.baselines import annealed_cuts, tabu_cuts

    found: dict[str, float | None] = {}
    for name, search in (("annealing", annealed_cuts), ("tabu", tabu_cuts)):
        least = dict.fromkeys(TARGETS, math.inf)
        for k, sweeps in enumerate(LADDER):
            if sweeps >= max(least.values()):  # a longer run costs more than what is known to do
                break
            cuts = search(graph, _RUNS, seed + k, sweeps)
            for target, gap in TARGETS.items():
                rate = float(near(cuts, best, gap).mean())
                least[target] = min(least[target], sweeps * restarts(rate))
        for target, cost in least.items():
            found[f"{name}_sweeps_to_{target}"] = cost if math.isfinite(cost) else None
    return found
