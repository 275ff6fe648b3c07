"""How recall is scored, once for every task: right bits and recalled trials, and what they come to over a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

# Variables to add to a result: dimensions, values, attributes. All at once, as xarray aligns a dataset at each change.
Added = dict[str, tuple[str | tuple[str, ...], Any, dict[str, str]]]


def of_unit_1(meaning: str) -> dict[str, str]:
    """Attributes of a variable that is a number, a share or a bit."""
    return {"units": "1", "long_name": meaning}


def bit_accuracy(states: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Share of right bits against the nearest of some targets or their inverses; an undecided bit (−1) is wrong.

    Args:
        states: read-out of each trial, shape (trials, N), values 0, 1, −1.
        targets: shape (trials, targets, N) or (targets, N).

    Returns:
        Shape (trials,).
    """
    return _right(states, targets).max(axis=1)


def same_memory(state: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether a state is another one or its inverse, bits, shapes (N,)."""
    return bool(bit_accuracy(state[None], wanted[None])[0] == 1)


def nearest(states: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Which target, or its inverse, each state is nearest to; arguments as of ``bit_accuracy``, shape (trials,)."""
    return _right(states, targets).argmax(axis=1)


def _right(states: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Share of right bits against each target or its inverse, shape (trials, targets)."""
    states = np.asarray(states)
    targets = np.broadcast_to(targets, (len(states), *np.shape(targets)[-2:]))
    same = (states[:, None, :] == targets).mean(axis=2)
    inverse = (states[:, None, :] == 1 - targets).mean(axis=2)
    return np.maximum(same, inverse)


def score(states: np.ndarray, at_rest: np.ndarray, targets: np.ndarray) -> Added:
    """Per trial ``accuracy`` and ``recalled``: every bit right, and at rest.

    Args:
        states: read-out of each trial, as for ``bit_accuracy``.
        at_rest: whether each came to rest, shape (trials,).
        targets: what counts as right, as for ``bit_accuracy``.
    """
    accuracy = bit_accuracy(states, targets)
    meaning = "share of right bits, best over what counts as right and its inverses"
    return {
        "accuracy": ("trial", accuracy, of_unit_1(meaning)),
        "recalled": ("trial", (accuracy == 1) & at_rest, of_unit_1("all bits right, and at rest")),
    }


def summarise(accuracy: np.ndarray, recalled: np.ndarray) -> Added:
    """What the right bits of trials come to, shapes (trials,); see ``sim.recall`` for the variables."""
    from sim.tasks import statistics

    mean = statistics.mean_of_shares(accuracy)
    rate = statistics.proportion(int(recalled.sum()), len(recalled))
    return {
        "bound": ("bound", ["low", "high"], of_unit_1("end of an interval")),
        "accuracy_mean": ((), mean.value, of_unit_1("mean share of right bits")),
        "accuracy_interval": ("bound", [mean.low, mean.high], of_unit_1("95 %, Student t; of equal values Wilson")),
        "recall_rate": ((), rate.value, of_unit_1("share of trials recalled")),
        "recall_interval": ("bound", [rate.low, rate.high], of_unit_1("95 %, Wilson")),
    }


def summarise_trials(result: xr.Dataset) -> Added:
    """What is told of the trials of any task: rest, times, energy.

    Args:
        result: dataset of ``sim.run_batch``.
    """
    rest, energy = result["at_rest"].values, result["energy_source"].values
    times = rest_times(result["time_to_solution"].values, rest)
    about = {name: {"units": "s", "long_name": f"{name} time to solution of trials at rest"} for name in times}
    meaning = {"units": "J", "long_name": "mean energy delivered by all sources per trial"}
    return {
        "rest_rate": ((), float(rest.mean()), of_unit_1("share of trials that came to rest")),
        **{f"time_{name}": ((), value, about[name]) for name, value in times.items()},
        "energy_mean": ((), float(energy.sum(axis=1).mean()), meaning),
    }


def rest_times(time: np.ndarray, at_rest: np.ndarray) -> dict[str, float]:
    """Mean, median and longest time to solution in s over the trials at rest; NaN when none is."""
    time = time[at_rest]
    functions = (("mean", np.mean), ("median", np.median), ("max", np.max))
    return {name: float(function(time)) if len(time) else np.nan for name, function in functions}
