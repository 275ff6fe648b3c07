"""What to do next when a search found no design that holds: what its nearest one fails, and what helps."""

from __future__ import annotations

from collections.abc import Sequence

from spinhop.optimize.search_history import SearchTrial
from spinhop.optimize.trial_evaluation import STAGES
from spinhop.verdicts.levers import lever_of
from spinhop.verdicts.next_step import NextStep

_LEVER_OF = {"task": "drive.path"}  # the rule whose lever helps a stage that no rule decides


def search_advice(trials: Sequence[SearchTrial]) -> NextStep | None:
    """What to do next.

    Args:
        trials: of a search.

    Returns:
        None where a design holds, or none was tried.
    """
    if not trials or any(trial.judged.feasible for trial in trials):
        return None
    near = min(trials, key=lambda trial: (-_reached(trial), sum(trial.judged.violations)))
    stage = STAGES[_reached(near)]
    why = f"the nearest design, trial {near.number}, fails at {stage}: {near.judged.why}"
    if stage in ("fields", "drawing") and ":" in near.judged.why:  # a value that is refused, in words that say all
        return NextStep(why)
    rule = _LEVER_OF.get(stage) or near.judged.why.partition(":")[0]
    others = sum(trial.judged.why.partition(":")[0] == rule for trial in trials) - 1
    more = f" ({others} more {'fails' if others == 1 else 'fail'} by this rule)" if others > 0 else ""
    return NextStep(f"{why}{more}", lever_of(rule), rule)


def _reached(trial: SearchTrial) -> int:
    """Place of the first stage that fails."""
    return next(place for place, violation in enumerate(trial.judged.violations) if violation > 0)
