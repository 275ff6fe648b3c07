"""Fig. 5: accuracy of random recall against the number of neurons."""

from __future__ import annotations

import numpy as np

from sim.tasks import statistics
from sim.tasks.random_recall import random_recall
from sim.tasks.setup import paper_design
from spinhop.reproduce.rows import Row, compared
from spinhop.reproduce.task import PERCENT, Context, Result, Steps, Task

_PAPER_N29 = {1: 100.0, 2: 98.98, 3: 96.70}
_PATTERNS = (1, 2, 3)
_PAPER_TRIALS = 1000


def run(context: Context) -> Result:
    """Accuracy for N = 5 … 29 and one to three patterns, 1000 trials a point."""
    sizes = context.pick(tuple(range(5, 30)), (5, 8, 17, 29))
    trials = context.pick(1000, 100)
    steps = Steps(context, len(sizes) * len(_PATTERNS))
    accuracy: dict[int, list[statistics.Interval]] = {p: [] for p in _PATTERNS}
    single_misses = {"odd": 0, "even": 0}
    for n in sizes:
        for patterns in _PATTERNS:
            data = random_recall(paper_design(n), patterns, trials, context.spawn(5, n, patterns), progress=steps)
            steps.next()
            percent = PERCENT * data["accuracy"].values
            accuracy[patterns].append(statistics.mean(percent))
            if patterns == 1:
                single_misses["odd" if n % 2 else "even"] += int(np.sum(percent < PERCENT))
    rows = _rows(sizes, trials, accuracy, single_misses)
    series = {
        "neurons": list(sizes),
        "trials": trials,
        "accuracy": {str(p): [list(point) for point in values] for p, values in accuracy.items()},
    }
    return Result(rows, series)


def _rows(
    sizes: tuple[int, ...], trials: int, accuracy: dict[int, list[statistics.Interval]], misses: dict[str, int]
) -> list[Row]:
    odd = [k for k, n in enumerate(sizes) if n % 2]
    rows = [
        compared(
            f"bit accuracy, {p} pattern{'s' if p > 1 else ''}, N = 29",
            "%",
            _PAPER_N29[p],
            ideal=accuracy[p][-1],
            tolerance=0.0,
            sample=trials / _PAPER_TRIALS,
            note=f"{trials} trials",
        )
        for p in _PATTERNS
    ]
    lowest = min((accuracy[1][k] for k in odd), key=lambda point: point.value)
    rows.append(compared("bit accuracy, 1 pattern, worst odd N", "%", 100.0, ideal=lowest, tolerance=0.0))
    even = trials * (len(sizes) - len(odd))
    rows.append(
        Row(
            "single-pattern trials with a wrong bit, even N",
            "%",
            0.0,
            ideal=_percent(statistics.proportion(misses["even"], even)),
            status="explained",
            note="a start orthogonal to the stored pattern ties exactly when N is even; the paper shows odd N",
        )
    )
    large = [accuracy[3][k] for k in odd if sizes[k] > 17] or [accuracy[3][-1]]
    mean = statistics.Interval(*np.mean(large, axis=0))
    rows.append(
        Row(
            "bit accuracy, 3 patterns, mean over odd N > 17",
            "%",
            96.0,
            ideal=mean,
            status="pass" if mean.high > 96.0 else "differs",
            note="the paper: more than 96 %",
        )
    )
    return rows


def _percent(share: statistics.Interval) -> statistics.Interval:
    return statistics.Interval(*(PERCENT * value for value in share))


TASK = Task("recall", "Random recall (Fig. 5)", run)
