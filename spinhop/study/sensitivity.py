"""Which parameters of made chips a result hangs on: first-order indices from the chips that have been judged."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from spinhop.study.point_evaluation import SAMPLE

LEAST_CHIPS = 48  # from fewer the indices say nothing
_HARMONICS = 6
_RESAMPLES = 40


class Sensitivity(NamedTuple):
    """How much of a result's variance one parameter explains by itself.

    Attributes:
        parameter: spread or defect of the design's ``variation``.
        by: what of its values on a chip explains most: mean, lowest, highest, count.
        share: first-order index, 1: all of the variance; below 0 by chance only.
        half: half of its 95 % interval, by bootstrap.
    """

    parameter: str
    by: str
    share: float
    half: float

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.share > self.half


def can_analyse() -> bool:
    """Whether SALib is installed."""
    return importlib.util.find_spec("SALib") is not None


def first_order(inputs: Mapping[str, np.ndarray], output: np.ndarray, seed: int = 1) -> dict[str, tuple[float, float]]:
    """First-order indices Var(E[Y|X])/Var(Y) from samples as they are, with half their 95 % intervals.

    Random-balance-design FAST (Plischke, Reliab. Eng. Syst. Saf. 95, 354 (2010); bias taken off as by Tissot and
    Prieur, ibid. 107, 205 (2012)) by SALib.

    Args:
        inputs: samples by name, shape (samples,).
        output: what came of each; finite.
        seed: of the bootstrap.

    Returns:
        Index and half interval of each input that varies; nothing where the output does not.
    """
    from SALib.analyze import rbd_fast

    varying = {name: values for name, values in inputs.items() if np.ptp(values) > 0}
    if not varying or np.ptp(output) == 0:
        return {}
    problem = {"num_vars": len(varying), "names": list(varying)}
    samples, rng = np.stack(list(varying.values()), axis=1), np.random.default_rng(seed)
    with np.errstate(invalid="ignore"):  # a resample whose output is all the same leaves the interval open
        found = rbd_fast.analyze(
            problem, samples, np.asarray(output, float), M=_HARMONICS, num_resamples=_RESAMPLES, seed=rng
        )
    return {name: (float(found["S1"][k]), float(found["S1_conf"][k])) for k, name in enumerate(varying)}


def worst_parameters(
    numbers: Mapping[str, np.ndarray], outputs: Mapping[str, np.ndarray]
) -> dict[str, list[Sensitivity]]:
    """What each result hangs on, the most important parameter first.

    Args:
        numbers: of the chips, by name; those of ``sample.`` are what was drawn for them.
        outputs: results by name, shape (chips,); NaN where a chip has none.

    Returns:
        By result, a line per parameter; results that do not vary, or of too few chips, are left out.
    """
    found: dict[str, list[Sensitivity]] = {}
    drawn = {name.removeprefix(SAMPLE): values for name, values in numbers.items() if name.startswith(SAMPLE)}
    for result, values in outputs.items():
        known = np.isfinite(values)
        for sample in drawn.values():
            known = known & np.isfinite(sample)
        if known.sum() < LEAST_CHIPS:
            continue
        best: dict[str, Sensitivity] = {}
        for name, (share, half) in first_order({n: v[known] for n, v in drawn.items()}, values[known]).items():
            parameter, _, by = name.rpartition(".")
            if parameter not in best or best[parameter].share < share:
                best[parameter] = Sensitivity(parameter, by, share, half)
        if best:
            found[result] = sorted(best.values(), key=lambda each: -each.share)
    return found
