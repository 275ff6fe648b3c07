"""What Optuna proposes, and what became of it: one file that a stopped search goes on from."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.storage.writing import write_text
from spinhop.designs.design_fields import Value
from spinhop.optimize.search_space import Axis, own_values
from spinhop.optimize.stored_trials import read_trials, with_hashes
from spinhop.optimize.trial_evaluation import LARGE, Judged

HISTORY = "trials.json"
_STARTUP = 16  # proposals at random before a model is made of them
_INFEASIBLE = 1e30  # an objective's place where there is none: among such trials only violations count


@dataclass
class SearchTrial:
    """A proposal and what became of it."""

    number: int
    proposed: dict[str, Value]
    judged: Judged


class SearchHistory:
    """The trials of a search.

    The first proposal is the design itself, as far as its values lie on the axes: what is known to be good is a start.
    The sampler of each batch has a seed of its own, made of the search's and the batch's number, so that a search that
    was stopped and goes on proposes what it would have proposed without the stop.

    Args:
        design: with its ``search``.
        axes: of the search.
        seed: of the search.
        key: of all that its results depend on; trials under another key are not used.
    """

    def __init__(self, design: Design, axes: list[Axis], seed: int, key: str):
        import optuna

        assert design.search is not None
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.trials: list[SearchTrial] = []
        self._seed, self._key = seed, key
        self._objectives, self._required = design.search.objectives, design.task.required
        directions: list[Literal["maximize", "minimize"]] = [
            "maximize" if name in LARGE else "minimize" for name in self._objectives
        ]
        self._study = optuna.create_study(directions=directions)
        self._distributions = {axis.name: axis.distribution for axis in axes}
        self._first = own_values(design, axes)

    def propose(self, count: int) -> list[dict[str, Value]]:
        """The next so many proposals."""
        import warnings

        from optuna.samplers import TPESampler

        batch = len(self.trials)
        seed = int(np.random.SeedSequence([self._seed, batch]).generate_state(1)[0])
        with warnings.catch_warnings(action="ignore"):  # multivariate and the liar are called experimental
            self._study.sampler = TPESampler(
                seed=seed, multivariate=True, constant_liar=True, n_startup_trials=_STARTUP,
                constraints_func=lambda trial: trial.user_attrs["violations"],
            )  # fmt: skip
        if not self.trials:
            self._study.enqueue_trial(self._first)
        self._asked = [self._study.ask(self._distributions) for _ in range(count)]
        return [dict(trial.params) for trial in self._asked]

    def tell(self, judged: list[Judged]) -> None:
        """What became of the last proposals."""
        for trial, result in zip(self._asked, judged, strict=True):
            trial.set_user_attr("violations", result.violations)
            self._study.tell(trial, self._values(result))
            self.trials.append(SearchTrial(len(self.trials), dict(trial.params), result))

    def _values(self, result: Judged) -> list[float]:
        worst = dict.fromkeys(LARGE, -_INFEASIBLE)
        return [result.values.get(name, worst.get(name, _INFEASIBLE)) for name in self._objectives]

    def save(self, folder: Path) -> None:
        """Write all trials, whole or not at all."""
        rows = with_hashes(self._key, map(asdict, self.trials))
        text = json.dumps({"key": self._key, "seed": self._seed, "trials": rows}, indent=1)
        write_text(folder / HISTORY, text + "\n")

    def load(self, folder: Path) -> None:
        """Take up the trials in a folder.

        Raises:
            InputError: a damaged file, or trials of another search.
        """
        import optuna

        path = folder / HISTORY
        if not os.path.lexists(path):
            return
        stored = read_trials(path)
        if stored.key != self._key or stored.seed != self._seed:
            raise InputError(
                f"{path}: of another search (design, its files, axes, seed, versions or code differ); choose another "
                "folder, or --force to begin anew"
            )
        try:
            for k, row in enumerate(stored.trials):
                result = row.judged.judged()
                if result.feasible and not {*self._objectives} <= {*result.values}:
                    raise ValueError(k)
                if result.feasible and result.values.get("accuracy", self._required) < self._required:
                    raise InputError(
                        f"{path}: damaged, or no trials of a search (trials.{k}: accuracy "
                        f"{result.values['accuracy']:.4g} without a violation, needs {self._required:.4g})"
                    )
                self._study.add_trial(
                    optuna.trial.create_trial(
                        params=row.proposed, distributions=self._distributions, values=self._values(result),
                        user_attrs={"violations": result.violations},
                        system_attrs={"constraints": result.violations},
                    )
                )  # fmt: skip
                self.trials.append(SearchTrial(k, row.proposed, result))
        except InputError:
            raise
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"{path}: damaged, or no trials of a search ({type(error).__name__})") from None

    def front(self) -> list[SearchTrial]:
        """The feasible trials that no other one beats in every objective, the first of equals."""
        good = [trial for trial in self.trials if trial.judged.feasible]
        costs = [self._costs(trial.judged) for trial in good]
        return [
            trial
            for k, (trial, cost) in enumerate(zip(good, costs, strict=True))
            if not any(
                all(a <= b for a, b in zip(other, cost, strict=True)) and (other != cost or j < k)
                for j, other in enumerate(costs)
                if j != k
            )
        ]

    def _costs(self, result: Judged) -> list[float]:
        values = self._values(result)
        return [-v if name in LARGE else v for name, v in zip(self._objectives, values, strict=True)]
