"""Whether a run folder's network does its task, from the trials that its stages ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hwlib.errors import InputError, cut
from spinhop.run_folder.provenance import data_hash
from spinhop.run_folder.stored_results import StoredResults
from spinhop.stages import EXTRACTION, LAYOUT, SIMULATION_DRAWN, SIMULATION_IDEAL, task_stage
from spinhop.verdicts.next_step import NextStep, next_step
from spinhop.verdicts.task_advice import advice_on
from spinhop.verdicts.verdict import BROKEN, FAILS, TrialCounts, VerdictLine, function_line

if TYPE_CHECKING:
    from hwlib.findings import Finding

_NOT_EXTRACTED = "not_extracted"  # in the manifest


def note_not_extracted(manifest: dict[str, Any], why: str) -> None:
    """Say in a manifest why the present layout, a drawing with errors, has no network."""
    manifest[_NOT_EXTRACTED] = {"why": why, "layout": _layout_of(manifest)}


def why_not_extracted(manifest: dict[str, Any]) -> str | None:
    """Why the present layout has no network; None when it has one, or when nobody has tried."""
    found = manifest.get(_NOT_EXTRACTED)
    if not isinstance(found, dict) or found.get("layout") != _layout_of(manifest):
        return None
    return cut(str(found.get("why")), 80) if EXTRACTION.name not in manifest["stages"] else None


def _layout_of(manifest: dict[str, Any]) -> str:
    return data_hash(manifest["stages"].get(LAYOUT.name, {}).get("files", {}))


def read_function(results: StoredResults, *, ideal: bool = False) -> VerdictLine:
    """Whether the network does its task, from the trials that were run of the folder's present design.

    Args:
        results: of the run folder.
        ideal: look at the trials with ideal wires alone.

    Raises:
        InputError: a result that is missing, damaged, or not the one that the run wrote.
    """
    from sim.tasks.kinds import task_of

    task, manifest = task_of(results.design), results.manifest
    stages, read = (SIMULATION_IDEAL, SIMULATION_DRAWN), results.trial
    if not task.unscored(results.design):
        stages, read = (task_stage(task.kind, ideal=True), task_stage(task.kind, ideal=False)), results.task
    found: dict[str, TrialCounts | None] = {"ideal": None, "drawn": None}
    for which, stage in zip(found, stages[:1] if ideal else stages, strict=False):
        if results.is_current(stage.name):
            found[which] = TrialCounts.of(read(ideal=which == "ideal"), task)
    stale = stages[1].name in manifest["stages"]
    missing = "the trials are of an earlier design or layout, run it again" if stale else "not simulated as drawn"
    why = why_not_extracted(manifest)
    if why is not None:
        missing = f"the drawing cannot be extracted ({why})"
    return function_line(
        task.required, found["drawn"], found["ideal"], missing, alone=ideal, field=task.required_field
    )  # fmt: skip


def read_check_step(results: StoredResults, limits: VerdictLine, findings: Mapping[str, Sequence[Finding]]) -> NextStep:
    """What to do next about what checks found, and about trials that were run of the present design, if any were.

    Args:
        results: of the run folder; trials whose files are damaged count as none.
        limits: the verdict on what was found.
        findings: by name of the check.
    """
    try:
        function = read_function(results)
    except InputError:
        function = None
    if function is not None and not {"drawn", "ideal"} & set(function.facts):
        function = None
    step = next_step(function, limits, findings, advice_on(results.design))
    if limits.word == BROKEN or function is None or function.word != FAILS:
        return step
    return replace(step, why=f"the network does not work: {step.why}")
