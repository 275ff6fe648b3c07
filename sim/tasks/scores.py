"""How recall is scored, once for every task: right bits and recalled trials, and what they come to over a batch."""

from __future__ import annotations

import numpy as np
import xarray as xr


def bit_accuracy(states: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Share of right bits against the nearest of some targets or their inverses; an undecided bit (−1) is wrong.

    Args:
        states: read-out of each trial, shape (trials, N), values 0, 1, −1.
        targets: shape (trials, targets, N) or (targets, N).

    Returns:
        Shape (trials,).
    """
    return _right(states, targets).max(axis=1)


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


def score(result: xr.Dataset, targets: np.ndarray) -> xr.Dataset:
    """Add to a batch's dataset, per trial, ``accuracy`` and ``recalled``: every bit right, and at rest.

    Args:
        result: dataset of ``sim.run_batch``.
        targets: what counts as right, as for ``bit_accuracy``.
    """
    accuracy = bit_accuracy(result["state"].values, targets)
    meaning = "share of right bits, best over what counts as right and its inverses"
    result["accuracy"] = ("trial", accuracy, _about(meaning))
    result["recalled"] = ("trial", (accuracy == 1) & result["at_rest"].values, _about("all bits right, and at rest"))
    return result


def summarise(result: xr.Dataset) -> xr.Dataset:
    """Add to a scored dataset what its trials come to; see ``sim.recall`` for the variables."""
    from sim.tasks import statistics

    recalled, rest = result["recalled"].values, result["at_rest"].values
    mean, rate = statistics.mean(result["accuracy"].values), statistics.proportion(int(recalled.sum()), len(recalled))
    result["accuracy_mean"] = ((), mean.value, _about("mean share of right bits"))
    result["accuracy_interval"] = ("bound", [max(mean.low, 0.0), min(mean.high, 1.0)], _about("95 %, Student t"))
    result["recall_rate"] = ((), rate.value, _about("share of trials recalled"))
    result["recall_interval"] = ("bound", [rate.low, rate.high], _about("95 %, Wilson"))
    result["rest_rate"] = ((), float(rest.mean()), _about("share of trials that came to rest"))
    time = result["time_to_solution"].values[rest]
    for name, function in (("mean", np.mean), ("median", np.median), ("max", np.max)):
        value = float(function(time)) if len(time) else np.nan
        result[f"time_{name}"] = ((), value, {"units": "s", "long_name": f"{name} time to solution of trials at rest"})
    energy = float(result["energy_source"].sum("source").mean())
    result["energy_mean"] = ((), energy, {"units": "J", "long_name": "mean energy delivered by all sources per trial"})
    return result


def _about(meaning: str) -> dict[str, str]:
    return {"units": "1", "long_name": meaning}
