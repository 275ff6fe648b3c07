"""The designs that ship in ``layouts/codesigned``: each drawn, checked, extracted and run again from its file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import layouts
from hwlib.design import Design, load_design
from hwlib.errors import InputError, shown
from hwlib.operating_point import nominal_track
from hwlib.quantities import printed
from hwlib.storage.made_with import versions
from hwlib.storage.writing import write_text
from hwlib.storage.yaml_text import yaml_text
from hwlib.task_kinds import MaxcutFields
from spinhop.designs.design_fields import plain_fields, set_field
from spinhop.optimize.stored_trials import read_judged
from spinhop.optimize.trial_evaluation import Judged, judged
from spinhop.run_folder.folder_lock import hold, refuse_others
from spinhop.run_folder.provenance import code_version, data_hash
from spinhop.runtime.executor import check_workers, executor

FOLDER = Path(layouts.__file__).parent / "codesigned"
GRAPHS = 10  # of the Biq Mac library's g05_60 that a max-cut design is programmed with, one after the other
_MADE_UP = "_made_up"  # ends the name of a programme with voltages of its own
_refuse_foreign = refuse_others(
    "codesigned design", None, re.compile(r"[A-Za-z][\w-]*\.(yaml|json)|[A-Za-z][\w-]*_weights\.csv|g05_60_\d+\.txt")
)
TABLE_ONE = 500.0  # Ω: R_P of the paper's device


@dataclass(frozen=True)
class CodesignedResult:
    """What a design file gave.

    Attributes:
        name: of the design.
        process: of its wires.
        task: its kind, and what it is about, in words.
        facts: ``neurons``, ``slowness`` (R_P over Table I's), ``r_p`` and ``r_m`` in Ω.
        judged: per programme (one, or one per graph), as ``spinhop optimize`` judges a proposal.
    """

    name: str
    process: str
    task: str
    facts: dict[str, float]
    judged: tuple[Judged, ...]

    @property
    def holds(self) -> bool:
        """Whether every rule holds, none waived, and the task is done as drawn."""
        return all(each.feasible for each in self.judged)

    def mean(self, value: str) -> float:
        """Mean of an objective over the programmes; NaN where one was not simulated."""
        found = [each.values.get(value, float("nan")) for each in self.judged]
        return sum(found) / len(found)


def codesigned_paths(names: Sequence[str] = ()) -> list[Path]:
    """The design files, or those of some names.

    Raises:
        InputError: no design of a name.
    """
    found = {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}
    for name in names:
        if name not in found:
            raise InputError(f"codesigned: no design {shown(name)}; there are {', '.join(found)}")
    return [found[name] for name in names] if names else list(found.values())


def measure(
    paths: Sequence[Path], folder: Path, *, workers: int | None = None, scheduler: str | None = None,
    fresh: bool = False, progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[CodesignedResult]:  # fmt: skip
    """Judge design files as drawn; what the folder has of the same files and code is not done again.

    Args:
        paths: of design files.
        folder: of results, one file per programme.
        workers: processes at a time, as of ``spinhop.runtime.executor``.
        scheduler: likewise.
        fresh: forget what the folder has.
        progress: called with (programmes judged, in all).

    Raises:
        InputError: a bad design file, no such workers, or a folder with other files.
    """
    folder = folder.absolute()
    check_workers(workers, scheduler)
    with hold(folder, (), _refuse_foreign):
        designs = [load_design(path) for path in paths]
        written = [_programmes(design, folder) for design in designs]
        files = [path for group in written for path in group]
        known = {} if fresh else {path: result for path in files if (result := _stored(path)) is not None}
        missing = [path for path in files if path not in known]
        progress(len(known), len(files))
        with executor(workers if len(missing) > 1 else 1, scheduler) as processes:
            for k, result in processes.finished(_judged, missing):
                known[missing[k]] = result
                _store(missing[k], result)
                progress(len(known), len(files))
    return [
        CodesignedResult(
            design.name, design.process, _task(design), _facts(design), tuple(known[path] for path in group)
        )
        for design, group in zip(designs, written, strict=True)
    ]


def _judged(path: Path) -> Judged:
    """A programme judged; voltages that make up for its wires are found first, where they are its own."""
    if not path.stem.endswith(_MADE_UP):
        return judged(path)
    from spinhop.designs.compensating import compensate_design

    own = path.with_name(f"{path.stem}_own.yaml")
    compensate_design(path, own, compare=False, replace_file=True)
    return judged(own)


def _programmes(design: Design, folder: Path) -> list[Path]:
    """The design as files in the folder: one, or one per graph.

    Voltages that make up for wires are those of one graph: each gets its own, as ``spinhop compensate`` finds them.
    """
    if design.task.kind != "maxcut":
        return [_write(design, folder, design.name, {})]
    from sim.tasks.graphs import write_graph
    from sim.tasks.rudy import g05

    names = [f"g05_60_{k}.txt" for k in range(GRAPHS)]
    for k, name in enumerate(names):
        write_graph(g05(60, k), folder / name)
    end = "" if design.compensation is None else _MADE_UP
    design = design.model_copy(update={"compensation": None})
    return [_write(design, folder, f"{design.name}_{k}{end}", {"task.graph": name}) for k, name in enumerate(names)]


def _write(design: Design, folder: Path, name: str, changes: dict[str, Any]) -> Path:
    data = plain_fields(design, "json")
    for field, value in {"name": name, **changes}.items():
        set_field(data, field, value)
    return write_text(folder / f"{name}.yaml", yaml_text(data))


def _key(path: Path) -> str:
    code = code_version("hwlib", "layouts", "sim", "spinhop.optimize")
    return data_hash([path.read_text(encoding="utf-8"), code, versions()])


def _stored(path: Path) -> Judged | None:
    """What was found of a design file before, if file, code and packages are the same."""
    try:
        key, judged = read_judged(path.with_suffix(".json"))
    except InputError:  # none, or a damaged one
        return None
    return judged if key == _key(path) else None


def _store(path: Path, result: Judged) -> None:
    text = json.dumps({"key": _key(path), "judged": asdict(result)}, indent=1)
    write_text(path.with_suffix(".json"), text + "\n")


def _task(design: Design) -> str:
    n, task = design.network.neurons, design.task
    if isinstance(task, MaxcutFields):
        within = "" if task.budget is None else f" within {printed(task.budget, 's')}"
        chain = f", best of at most {task.restarts} starts{within}" if task.restarts > 1 else ""
        return f"max-cut, ten g05_{n}{chain}"
    if task.kind == "images":
        return f"letters, N = {n}, {getattr(task, 'trials', 0)} copies of each"
    patterns = design.network.weights.stored_patterns(n, design.seed)
    count = 0 if patterns is None else len(patterns)
    starts = getattr(task, "trials", 0)
    return f"{count} pattern{'' if count == 1 else 's'}, N = {n}, {starts} starts"


def _facts(design: Design) -> dict[str, float]:
    r_p, r_m = design.device.r_p, nominal_track(design, design.load_process())[1]
    return {"neurons": design.network.neurons, "slowness": r_p / TABLE_ONE, "r_p": r_p, "r_m": r_m}
