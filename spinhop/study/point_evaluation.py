"""One point of a study: the design that it means, its task on the network, and what the rules say, as numbers."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwlib.design import Design, completed
from hwlib.errors import InputError
from hwlib.process import Process
from hwlib.storage.files import inside, read_bytes
from hwlib.storage.scratch import scratch_folder
from spinhop.designs.design_fields import plain_fields, whole_design
from spinhop.extracted_network import draw_and_check
from spinhop.run_folder.artefacts import result_inputs
from spinhop.run_folder.inputs import files_of
from spinhop.run_folder.provenance import data_hash, file_hash
from spinhop.stages import run_tolerance
from spinhop.study.number_names import DRAWING_ERRORS, MARGIN, RULES_BROKEN, UNSURE
from spinhop.study.study_fields import WIRES, StudyFields
from spinhop.verdicts.point_tables import common_window
from spinhop.verdicts.verdict import UNDETERMINED, WORKS, TrialCounts

if TYPE_CHECKING:
    import xarray as xr

    from hwlib.network import Network

_NOT_DRAWN = ("seed", "operating_point", "compensation", "task", "waivers", "variation")
SAMPLE = "sample."  # before the names of what was drawn for a chip
_KEPT = 4  # drawn networks that a process keeps: points of equal drawing follow each other in a grid


@dataclass(frozen=True)
class StudyPoint:
    """What is sent to whoever computes a point.

    Attributes:
        context: file of what the points have in common.
        digest: its hash.
        values: of the axes, by path.
    """

    context: str
    digest: str
    values: dict[str, Any]


@dataclass
class PointResult:
    """What a point came to.

    Attributes:
        values: numbers by name; NaN where there is none.
        about: unit and meaning of each.
        problem: why there are none: its values do not go together, or a network that cannot be drawn or simulated.
    """

    values: dict[str, float] = field(default_factory=dict)
    about: dict[str, tuple[str, str]] = field(default_factory=dict)
    problem: str = ""


def context_of(study: StudyFields, design: Design, files: dict[str, str]) -> dict[str, Any]:
    """What the points of a study have in common, as JSON takes it.

    Args:
        study: how they are evaluated.
        design: the design.
        files: hash of each file that a point may read, by its name in the design.
    """
    options = {"wires": study.wires, "rules": study.rules, "engine": study.engine, "trials": study.trials,
               "as_run": study.as_run}  # fmt: skip
    process = design.load_process().model_dump(exclude_none=True)
    folder = str(design.folder.resolve())
    return {"design": plain_fields(design), "process": process, "folder": folder, "files": files, **options}


def evaluated(point: StudyPoint) -> PointResult:
    """Evaluate a point; the files it depends on must be what they were when the study began.

    Raises:
        InputError: one of them has changed.
    """
    return _evaluator(point.context, point.digest).evaluate(point.values)


@lru_cache(maxsize=2)
def _evaluator(path: str, digest: str) -> PointEvaluator:
    content = read_bytes(path, "study's context")
    if hashlib.sha256(content).hexdigest() != digest:
        raise InputError(f"{path}: is not of the study that is under way")
    return PointEvaluator(json.loads(content))


class PointEvaluator:
    """Evaluates points of one study.

    Args:
        context: as of ``context_of``.

    Raises:
        InputError: a file is not what it was.
    """

    def __init__(self, context: dict[str, Any]):
        self._folder, self._files = Path(context["folder"]), context["files"]
        self._refuse_changed(self._files)
        design = Design.model_validate(context["design"], context={"unread": True})
        design = design.placed(self._folder, Process.model_validate(context["process"]))
        self._base = completed(design) if design.from_files else design
        self._own = files_of(design)
        self._wires, self._rules = context["wires"], context["rules"]
        self._engine, self._trials, self._as_run = context["engine"], context["trials"], context["as_run"]
        self._drawn: OrderedDict[str, tuple[Network, float, int]] = OrderedDict()

    def evaluate(self, values: dict[str, Any]) -> PointResult:
        """Evaluate the design with these values.

        Raises:
            InputError: a file that it may have read is not what it was.
        """
        result = self._result(values)
        self._refuse_changed([*self._own, *texts_of(values)])  # after they were read, also where that failed
        return result

    def _refuse_changed(self, names: Iterable[str]) -> None:
        for name in (name for name in names if name in self._files):
            path = inside(self._folder, name, "file")
            if not path.is_file() or file_hash(path) != self._files[name]:  # a FIFO would wait for its writer
                raise InputError(f"{self._folder / name}: changed since the study began; start it again")

    def _result(self, values: dict[str, Any]) -> PointResult:
        try:
            fields = {path: value for path, value in values.items() if path != WIRES}
            design = whole_design(self._base, fields)
            return self._evaluate(design, design.load_process(), values.get(WIRES, self._wires))
        except ValueError as error:  # InputError and FieldsError are some
            first = error.lines[0] if isinstance(error, InputError) else str(error).splitlines()[0]
            return PointResult(problem=first)

    def _evaluate(self, design: Design, process: Process, wires: str) -> PointResult:
        import sim
        from sim.engines import DEFAULT_TOLERANCE, check_engine
        from sim.tasks.kinds import task_of
        from sim.tasks.run_task import ideal_for_task

        result = PointResult()
        if wires == "ideal":
            network = ideal_for_task(design, process)
        else:
            check_engine(self._engine, design, process)  # before the point is drawn for nothing
            network, area, errors = self._drawing(design, process)
            _note(result, "area", area, "m^2", "of the macro as drawn")
            if self._rules:
                _note(result, DRAWING_ERRORS, errors, "1", "violations of design rules and connectivity")
        if design.variation is not None:
            _note_chip(result, network, design, process)
            design, network = made(design, process, network)
        if self._rules:
            self._judge(result, network, design, process)
        tolerance = run_tolerance(design, ideal=wires == "ideal") if self._as_run else DEFAULT_TOLERANCE
        trials = sim.run_task(
            network, design, process, engine=self._engine, trials=self._trials, tolerance=tolerance
        )  # fmt: skip
        _note_task(result, trials)
        word = TrialCounts.of(trials, task_of(design)).word(design.task.required)
        about = "whether the network does its task: every trial at rest, the required score; 0 also where unsure"
        _note(result, "works", word == WORKS, "1", about)
        _note(result, UNSURE, word == UNDETERMINED, "1", "whether it hangs on rounding that the network does its task")
        return result

    def _judge(self, result: PointResult, network: Network, design: Design, process: Process) -> None:
        import sim

        report = sim.judge(network, design, process)
        broken = sum(finding.severity == "error" for finding in report.findings())
        _note(result, RULES_BROKEN, broken, "1", "operating-point rules with an error that is not waived")
        for name, end in zip(("window_low", "window_high"), common_window(report.values), strict=True):
            _note(result, name, end, "V", f"{name.removeprefix('window_')} end of all neurons' V_DW window")
        for outcome in report.outcomes:
            if outcome.required is None and outcome.passed:
                continue  # it only reports: power without an area
            about = f"relative margin of the rule {outcome.rule}"
            _note(result, f"{MARGIN}{outcome.rule}", outcome.margin, "1", about)

    def _drawing(self, design: Design, process: Process) -> tuple[Network, float, int]:
        """Extracted network, area in m² and errors of the drawing; drawn once for all chips of it."""
        point = design.operating_point
        key = data_hash([*result_inputs(design, process, *_NOT_DRAWN), point.temperature])
        found = self._drawn.get(key) or _draw(design, process, self._rules)
        self._drawn[key] = found
        self._drawn.move_to_end(key)
        while len(self._drawn) > _KEPT:
            self._drawn.popitem(last=False)
        network = found[0]
        leak = np.where(network.is_soma, point.soma_leak, point.axon_leak)
        return network.with_devices(leak=leak), *found[1:]


def texts_of(values: Mapping[str, Any]) -> list[str]:
    """The texts among a point's values, of which some may be names of files."""
    parts = [part for value in values.values() for part in (value if isinstance(value, tuple | list) else (value,))]
    return [part for part in parts if isinstance(part, str)]


def own_v_dw(design: Design, wires: str) -> float:
    """V_DW in V that a design has on its ideal or its drawn wires."""
    import sim
    from sim.tasks.run_task import ideal_for_task

    process = design.load_process()
    network = ideal_for_task(design, process) if wires == "ideal" else _draw(design, process, False)[0]
    return sim.v_dw_on(network, design, process).volts


def made(design: Design, process: Process, network: Network) -> tuple[Design, Network]:
    """The chip that a design's variation makes of its network, at the V_DW of the nominal one unless it is trimmed."""
    import sim

    variation = design.variation
    assert variation is not None
    if design.operating_point.v_dw == "auto" and not variation.trim_v_dw:
        point = design.operating_point.model_copy(update={"v_dw": sim.v_dw_on(network, design, process).volts})
        design = design.model_copy(update={"operating_point": point})
    return design, sim.sampled_chip(network, process, variation)


def _note_chip(result: PointResult, network: Network, design: Design, process: Process) -> None:
    """What was drawn for the chip, for what its yield depends on: mean and ends of spreads, how many defects."""
    import sim

    assert design.variation is not None
    for name, values in sim.sampled_values(network, process, design.variation).items():
        if values.dtype == bool:
            _note(result, f"{SAMPLE}{name}.count", values.sum(), "1", f"{name} on the chip")
            continue
        unit, of = ("m", "displacement") if name == "pillar_place" else ("1", "value over nominal")
        for what, value in (("mean", values.mean()), ("lowest", values.min()), ("highest", values.max())):
            _note(result, f"{SAMPLE}{name}.{what}", value, unit, f"{what} {of} of {name} on the chip")


def _draw(design: Design, process: Process, check: bool) -> tuple[Network, float, int]:
    from hwlib.extraction import extract

    with scratch_folder() as folder:
        drawn = draw_and_check(design, process, folder, check=check)
        network = extract(drawn.opened, process, design, capacitance=check)  # rules alone look at it
        return network, drawn.area, len(drawn.errors)


_OF_ANY_TASK = ("rest_rate", "time_mean", "time_median", "time_max", "energy_mean", "v_dw")


def _note_task(result: PointResult, trials: xr.Dataset) -> None:
    """The numbers of a task under the names of its result file; ends of an interval as ``…_low`` and ``…_high``."""
    from sim.tasks.kinds import run_class

    _note(result, "trials", trials.sizes["trial"], "1", "trials")
    for name in ("at_rest", "undetermined"):
        _note_count(result, name, trials)
    for name in _OF_ANY_TASK:
        _note_variable(result, name, trials, trials[name].values)
    for number in run_class(str(trials.attrs["task"])).numbers:
        if number.style == "trials":
            _note_count(result, number.name, trials)
        else:
            _note_variable(result, number.name, trials, trials[number.name].values)
        if number.interval and number.style != "trials":  # theirs holds their share, which is a number by itself
            for end, value in zip(("low", "high"), trials[number.interval].values.tolist(), strict=True):
                meaning = f"{end} end of the 95 % interval of {number.name}"
                _note(result, f"{number.name}_{end}", value, "1", meaning)


def _note_count(result: PointResult, name: str, trials: xr.Dataset) -> None:
    """Of how many trials a variable, yes or no of each, is true."""
    _note(result, name, trials[name].values.sum(), "1", f"number of trials: {trials[name].attrs['long_name']}")


def _note_variable(result: PointResult, name: str, trials: xr.Dataset, value: Any) -> None:
    about = trials[name].attrs
    _note(result, name, value, str(about.get("units", "1")), str(about.get("long_name", name)))


def _note(result: PointResult, name: str, value: Any, unit: str, meaning: str) -> None:
    result.values[name] = float("nan") if value is None else float(value)
    result.about[name] = (unit, meaning)
