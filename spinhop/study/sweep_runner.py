"""``spinhop sweep``: compute the points of a study that its store does not have yet."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hwlib.argument_kinds import takes_kinds
from hwlib.design import Design
from hwlib.errors import FieldsError, InputError
from hwlib.storage.files import inside, real_path, refuse_unreadable
from hwlib.storage.made_with import design_attributes, versions
from hwlib.storage.model_files import with_lines
from hwlib.storage.writing import write_bytes
from hwlib.workers.threads import cores
from spinhop.designs.design_fields import design_of, plain_fields, set_field
from spinhop.run_folder.folder_lock import hold, refuse_others
from spinhop.run_folder.inputs import files_of, read_design
from spinhop.run_folder.provenance import code_version, data_hash, file_hash
from spinhop.runtime.executor import Advance, check_workers, executor
from spinhop.runtime.extras import need
from spinhop.study.point_evaluation import StudyPoint, context_of, evaluated, texts_of
from spinhop.study.sampling import StudyAxis, axes_of_study, points_of
from spinhop.study.study_fields import WIRES, StudyFields, load_study
from spinhop.study.study_store import STORE, StudyStore, forget_study, stored_hashes

CONTEXT = "context.json"
_OURS = re.compile(r"context\.json|plots|characterisation\.(csv|json|md)|\.results-(new|old)\.zarr(\.rows)?")
_LONG = 20.0  # s: a point that takes longer is timed once, others a second time, without what the first one loads


@dataclass(frozen=True)
class Sweep:
    """What a sweep left.

    Attributes:
        folder: of results; ``spinhop.open_study`` reads them.
        points: of the study.
        kept: of them in the store before.
        refused: of them without numbers, with a reason in the store.
        problem: the reason of most of these; empty without any.
    """

    folder: Path
    points: int
    kept: int
    refused: int
    problem: str


@dataclass(frozen=True)
class SweepEstimate:
    """What a sweep would do.

    Attributes:
        folder: of results.
        points: of the study.
        missing: of them not in the store.
        seconds_per_point: measured on one of them; NaN when none is missing.
        workers: that would compute at a time.
    """

    folder: Path
    points: int
    missing: int
    seconds_per_point: float
    workers: int

    @property
    def seconds(self) -> float:
        """How long it would take in all."""
        return self.missing * self.seconds_per_point / min(self.workers, self.missing) if self.missing else 0.0


class StudyPlan:
    """A study with its points, their hashes, and what they have in common.

    Args:
        study: the study.
        where: its file, for messages.
        folder: of results; default ``studies/<study name>``.

    Raises:
        InputError: bad axes, or a folder that has the study itself.
    """

    def __init__(self, study: StudyFields, where: str, folder: str | Path | None):
        need("zarr")
        self.study = study
        self.folder = Path("studies") / self.study.name if folder is None else Path(folder)
        design = _design_of(self.study, where)
        if real_path(self.study.folder) == real_path(self.folder):
            raise InputError(f"{self.folder}: has the study itself; give another folder for results")
        axes = axes_of_study(self.study, design, where)
        self.points = points_of(self.study, axes, where)
        with with_lines(where, "study", in_file=study.from_file):
            files = _files(design, axes)
        self.context = json.dumps(context_of(self.study, design, files)).encode()  # the order of layers counts
        common: dict[str, Any] = json.loads(self.context)
        rooms = ("hwlib", "sim", *(["layouts"] if self.study.draws else []))
        options = {name: common.pop(name) for name in ("wires", "rules", "engine", "trials", "as_run")}
        self.identity = {
            "design": data_hash([common["design"], common["process"], {n: files[n] for n in files_of(design)}]),
            "options": data_hash(options), "axes": ", ".join(axis.name for axis in axes),
            "versions": data_hash(versions()), "code": code_version(*rooms, "spinhop.study.point_evaluation"),
        }  # fmt: skip
        whole = data_hash(self.identity)
        self.hashes = [data_hash([whole, point, _contents(point, files)])[:32] for point in self.points]
        self.columns = {axis.name: [point[axis.name] for point in self.points] for axis in axes}
        self.units = {axis.name: axis.unit for axis in axes}
        self.about = {
            "study": self.study.name, **design_attributes(design),
            "method": self.study.method, "study_seed": str(self.study.seed), **{k: str(v) for k, v in options.items()},
        }  # fmt: skip

    def sent(self, index: int) -> StudyPoint:
        """A point as it is sent to a worker."""
        return StudyPoint(*self._context_file, self.points[index])

    @cached_property
    def _context_file(self) -> tuple[str, str]:
        """Path and hash of what the points have in common: large, and the same for a million of them.

        The path is whole: a scheduler's workers have other working folders.
        """
        return str((self.folder / CONTEXT).absolute()), hashlib.sha256(self.context).hexdigest()


def _files(design: Design, axes: list[StudyAxis]) -> dict[str, str]:
    """Hash of every file that some point may read, by its name in the design."""
    names = dict.fromkeys(files_of(design))
    for axis in axes:
        for value in axis.values if axis.name != WIRES else ():
            if isinstance(value, (str, tuple)):
                data = plain_fields(design)
                set_field(data, axis.name, value)
                named = dict.fromkeys(files_of(design_of(data, design)))
                _refuse_files(design, axis.name, named.keys() - names.keys())
                names |= named
    return {name: file_hash(inside(design.folder, name, "file")) for name in names}


def _refuse_files(design: Design, axis: str, names: Set[str]) -> None:
    """Refuse values of an axis that name files which cannot be read, as FieldsError."""
    kind = axis.rpartition(".")[2].removesuffix("_file")
    for name in sorted(names):
        path = inside(design.folder, name, axis)
        try:
            refuse_unreadable(path, kind)
        except InputError as error:
            raise FieldsError([(("axes", axis), _called(line, path, name)) for line in error.lines]) from None


def _contents(point: dict[str, Any], files: dict[str, str]) -> list[str]:
    """Hashes of the files that the values of a point name."""
    return [files[text] for text in texts_of(point) if text in files]


@takes_kinds
def sweep(
    study: str | Path | StudyFields, folder: str | Path | None = None, *, workers: int | None = 1,
    scheduler: str | None = None, client: Any = None, fresh: bool = False,
    progress: Advance = lambda done, total: None,
) -> Sweep:  # fmt: skip
    """Run the task of a study's design at each of its points, and keep the results in one Zarr store.

    A point that is in the store is not computed again: a sweep that was stopped, at whatever moment, goes on, and one
    whose study has got more points computes those. Results do not depend on workers and interruptions.

    Args:
        study: the study file, or its fields, whose design is then found from the working folder.
        folder: of results; default ``studies/<study name>``.
        workers: as of ``spinhop.runtime.executor``.
        scheduler: likewise; its workers must see the folder, and that of the design.
        client: a ``dask.distributed.Client`` in place of both; it stays open.
        fresh: forget the stored points.
        progress: called with (points in the store, points of the study).

    Raises:
        InputError: a bad study or design, or a folder that cannot be written, is in use, or has another study's store.
        StoppedError: a process that computed a point, or the scheduler, ended; finished points are kept.
    """
    if isinstance(study, StudyFields):
        plan = StudyPlan(study, "study", folder)
    else:
        plan = StudyPlan(load_study(study), str(study), folder)
    elsewhere = scheduler is not None or client is not None
    check_workers(workers, None)
    with ExitStack() as stack:
        processes = stack.enter_context(executor(scheduler=scheduler, client=client)) if elsewhere else None
        store = stack.enter_context(held_store(plan, fresh))
        missing = [k for k, done in enumerate(store.done.tolist()) if not done]
        total, kept = len(plan.points), len(plan.points) - len(missing)
        progress(kept, total)
        if processes is None:
            processes = stack.enter_context(executor(workers if len(missing) > 1 else 1))
        try:
            results = processes.finished(evaluated, map(plan.sent, missing))
            for count, (k, result) in enumerate(results):
                store.add(missing[k], result)
                progress(kept + count + 1, total)
        finally:
            store.write()
        return Sweep(plan.folder, total, kept, store.refused, store.problem())


def _design_of(study: StudyFields, where: str) -> Design:
    """The design of a study; what is wrong with it is told with the line that names it, too."""
    path = study.design_path
    with with_lines(where, "study", in_file=study.from_file):
        try:
            return read_design(path)
        except InputError as error:
            raise FieldsError([(("design",), _called(line, path, study.design)) for line in error.lines]) from None


def _called(line: str, path: Path, name: str) -> str:
    """What is said of a file, which is named as another file names it; a long path has lost its first folders."""
    said, colon, rest = line.partition(":")
    return f"{name}{colon}{rest}" if str(path).endswith(said.removeprefix("…")) else line


@contextmanager
def held_store(plan: StudyPlan, fresh: bool) -> Iterator[StudyStore]:
    """The store of a study in its folder, which is held while the block runs."""
    with hold(plan.folder, (), refuse_others("study", STORE, _OURS)):
        if fresh:
            forget_study(plan.folder)
        store = StudyStore(plan.folder, plan.identity, plan.hashes, plan.columns, plan.about, plan.units)
        write_bytes(plan.folder / CONTEXT, plan.context)
        yield store


def estimate(
    study_path: Path, folder: Path | None = None, *, workers: int | None = 1, scheduler: str | None = None,
    fresh: bool = False,
) -> SweepEstimate:  # fmt: skip
    """Say how many points a sweep would compute, and how long that takes, from one point; nothing is kept.

    Args and errors as of ``sweep``.
    """
    plan = StudyPlan(load_study(study_path), str(study_path), folder)
    stored = set() if fresh else stored_hashes(plan.folder / STORE, plan.identity)
    missing = [k for k, name in enumerate(plan.hashes) if name not in stored]
    count = max(cores() if workers is None else workers, 1)
    if scheduler is not None:
        with executor(scheduler=scheduler) as processes:
            count = processes.workers
    seconds = _seconds_per_point(plan, missing) if missing else float("nan")
    return SweepEstimate(plan.folder, len(plan.points), len(missing), seconds, count)


def _seconds_per_point(plan: StudyPlan, missing: list[int]) -> float:
    from spinhop.study.point_evaluation import PointEvaluator

    begun = time.perf_counter()
    evaluator = PointEvaluator(json.loads(plan.context))
    evaluator.evaluate(plan.points[missing[0]])
    if time.perf_counter() - begun < _LONG and len(missing) > 1:
        begun = time.perf_counter()
        evaluator.evaluate(plan.points[missing[len(missing) // 2]])
    return time.perf_counter() - begun
