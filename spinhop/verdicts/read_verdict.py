"""The verdict on a run folder's limits, and what to do next, from the files that its stages wrote."""

from __future__ import annotations

from spinhop.check_stages import read_checks
from spinhop.run_folder.stored_results import StoredResults
from spinhop.verdicts.next_step import NextStep, next_step
from spinhop.verdicts.task_advice import advice_on
from spinhop.verdicts.verdict import VerdictLine, limits_line


def read_limits(results: StoredResults) -> VerdictLine:
    """Whether all limits are kept, from the checks that were made of the folder's present design; as ``read_function``.

    Raises:
        InputError: a file of a check that is missing, or not the one that it wrote.
    """
    checks = read_checks(results)
    return limits_line(checks.findings, checks.points, checks.skipped)


def read_step(
    results: StoredResults, *, function: VerdictLine | None = None, limits: VerdictLine | None = None
) -> NextStep:
    """What to do next about a verdict that was read, from what the checks of the present design found; errors as it."""
    return next_step(function, limits, read_checks(results).findings, advice_on(results.design))
