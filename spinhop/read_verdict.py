"""The verdict on a run folder's design, from the files that its stages wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hwlib.design import Design
from hwlib.errors import cut
from spinhop.artefacts import DRAWN_TRACE, IDEAL_TRACE, task_file
from spinhop.check_stages import read_checks
from spinhop.inputs import inputs_hash
from spinhop.manifest import known_files
from spinhop.next_step import NextStep, next_step
from spinhop.provenance import data_hash
from spinhop.result_files import read_task, read_trial
from spinhop.runs import is_current
from spinhop.stages import EXTRACTION, LAYOUT, SIMULATION_DRAWN, SIMULATION_IDEAL, task_stage
from spinhop.verdict import TrialCounts, VerdictLine, function_line, limits_line

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


def read_function(folder: Path, manifest: dict[str, Any], design: Design, *, ideal: bool = False) -> VerdictLine:
    """Whether the network does its task, from the trials that were run of the folder's present design.

    Args:
        folder: the run folder.
        manifest: its manifest.
        design: its design.
        ideal: look at the trials with ideal wires alone.

    Raises:
        InputError: a result that is missing, damaged, or not the one that the run wrote.
    """
    from sim.tasks.kinds import task_of

    task = task_of(design)
    scored, kind = not task.unscored(design), task.kind
    files = {
        "ideal": (task_stage(kind, ideal=True), task_file(kind, ideal=True)),
        "drawn": (task_stage(kind, ideal=False), task_file(kind, ideal=False)),
    }
    if not scored:
        files = {"ideal": (SIMULATION_IDEAL, IDEAL_TRACE), "drawn": (SIMULATION_DRAWN, DRAWN_TRACE)}
    now = inputs_hash(folder, design)
    found: dict[str, TrialCounts | None] = {}
    for which, (stage, name) in files.items():
        found[which] = None
        if is_current(manifest, now, stage.name) and (which == "ideal" or not ideal):
            known_files(folder, manifest, [name], now)
            result = read_task(folder / name, kind) if scored else read_trial(folder / name)
            found[which] = TrialCounts.of(result, task.measure, task.measure_label)
    stale = files["drawn"][0].name in manifest["stages"]
    missing = "the trials are of an earlier design or layout, run it again" if stale else "not simulated as drawn"
    why = why_not_extracted(manifest)
    if why is not None:
        missing = f"the drawing cannot be extracted ({why})"
    return function_line(
        task.required, found["drawn"], found["ideal"], missing, alone=ideal, field=task.required_field
    )  # fmt: skip


def read_limits(folder: Path, manifest: dict[str, Any], design: Design) -> VerdictLine:
    """Whether all limits are kept, from the checks that were made of the folder's present design; as ``read_function``.

    Raises:
        InputError: a file of a check that is missing, or not the one that it wrote.
    """
    checks = read_checks(folder, manifest, inputs_hash(folder, design))
    return limits_line(checks.findings, checks.points, checks.skipped)


def read_step(
    folder: Path, manifest: dict[str, Any], design: Design, *, function: VerdictLine | None = None,
    limits: VerdictLine | None = None,
) -> NextStep:  # fmt: skip
    """What to do next about a verdict that was read, from what the checks of the present design found; errors as it."""
    return next_step(function, limits, read_checks(folder, manifest, inputs_hash(folder, design)).findings)
