"""What the stages of a run folder wrote, each file read once and passed on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from spinhop.run_folder.artefacts import DRAWN_TRACE, IDEAL_TRACE, task_file
from spinhop.run_folder.inputs import inputs_hash
from spinhop.run_folder.manifest import known_files
from spinhop.run_folder.result_files import read_task, read_trial, refuse_foreign
from spinhop.run_folder.runs import Run, is_current

if TYPE_CHECKING:
    import xarray as xr

    from hwlib.design import Design

Content = TypeVar("Content")


class StoredResults:
    """The files of a run folder's present design; one is read again only when a stage has written another.

    Args:
        folder: the run folder.
        manifest: its manifest.
        design: its design.
        kept: what was read before, of one who keeps it.

    Attributes:
        now: hash of the design in the folder (``inputs_hash``).
    """

    def __init__(
        self, folder: Path, manifest: dict[str, Any], design: Design, kept: dict[tuple[str, str], Any] | None = None
    ):
        self.folder, self.manifest, self.design = folder, manifest, design
        self.now = inputs_hash(folder, design)
        self._kept = {} if kept is None else kept

    @classmethod
    def of(cls, run: Run) -> StoredResults:
        """Those of an open run, which keeps what was read."""
        return cls(run.folder, run.manifest, run.design, run.kept)

    def is_current(self, stage: str) -> bool:
        """Whether a finished stage is of the present design, and of the present files of the stages before it."""
        return is_current(self.manifest, self.now, stage)

    def once(self, name: str, read: Callable[[Path], Content]) -> Content:
        """What ``read`` makes of a file; not to be changed.

        Raises:
            InputError: the file is missing, or not the one that the run wrote; or of ``read``.
        """
        key = name, known_files(self.folder, self.manifest, [name], self.now)[name]
        if key not in self._kept:
            self._kept[key] = read(self.folder / name)
        found: Content = self._kept[key]
        return found

    def task(self, *, ideal: bool) -> xr.Dataset:
        """The dataset of the task's trials, as of ``read_task`` with what its pictures need; errors of ``once``."""
        kind = self.design.task.kind
        return self.once(
            task_file(kind, ideal=ideal),
            lambda path: self._own(path, read_task(path, kind, self.design, shown=True), ideal),
        )

    def trial(self, *, ideal: bool) -> xr.Dataset:
        """The dataset of the single trial, as of ``read_trial`` with its traces; errors of ``once``."""
        name = IDEAL_TRACE if ideal else DRAWN_TRACE
        return self.once(name, lambda path: self._own(path, read_trial(path, self.design, traces=True), ideal))

    def _own(self, path: Path, found: xr.Dataset, ideal: bool) -> xr.Dataset:
        return refuse_foreign(path, found, self.design, ideal=ideal)
