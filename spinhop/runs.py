"""Run folders: every artefact of one design, made in stages that are repeated only when something they need changed."""

from __future__ import annotations

import contextlib
import fcntl
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hwlib.design import Design, load_design
from hwlib.errors import InputError
from hwlib.process import Process
from hwlib.writing import replacing
from spinhop.inputs import write_inputs
from spinhop.provenance import code_version, data_hash, file_hash, versions

FORMAT = "spinhop-run-1"
MANIFEST = "manifest.json"
Status = Literal["start", "done", "kept"]
Progress = Callable[[str, Status, float], None]


@dataclass(frozen=True)
class Stage:
    """One step of a run.

    Attributes:
        name: shown in the progress line and the manifest.
        needs: stages whose files this one reads.
        rooms: packages whose code makes its result.
        inputs: everything else that decides the result, as plain data.
        work: writes the stage's files into the run folder and returns their names.
    """

    name: str
    needs: tuple[str, ...]
    rooms: tuple[str, ...]
    inputs: Callable[[Run], Any]
    work: Callable[[Run], Sequence[str]]


@dataclass
class Run:
    """A design in its run folder.

    Attributes:
        folder: where the artefacts are.
        design, process: as validated.
        layout: a layout drawn elsewhere (or edited by hand) to use instead of drawing one.
        engine: simulation engine, ``auto`` to choose.
        manifest: versions, seed, and for each finished stage its input hash, time and files with their hashes.
        advance: called by stages that count what they do, with (done, in all).
    """

    folder: Path
    design: Design
    process: Process
    layout: Path | None = None
    engine: str = "auto"
    manifest: dict[str, Any] = field(default_factory=dict)
    advance: Callable[[int, int], None] = lambda done, total: None

    def path(self, name: str) -> Path:
        """Path of an artefact."""
        return self.folder / name

    def files(self, stage: str) -> dict[str, str]:
        """Names and hashes of the files a finished stage wrote."""
        return self.manifest["stages"].get(stage, {}).get("files", {})

    def execute(self, stages: Sequence[Stage], progress: Progress, *, force: bool = False) -> None:
        """Bring ``stages`` up to date, in order; a stage whose inputs and files are unchanged is kept.

        Raises:
            InputError: bad input to a stage, or a file of the run that somebody changed and the run would overwrite.
        """
        for stage in stages:
            code = code_version(*stage.rooms, stage.work.__module__)
            key = data_hash([code, versions(), stage.inputs(self), [self.files(name) for name in stage.needs]])
            record = self.manifest["stages"].get(stage.name)
            if record and not force:
                self._refuse_edited(stage.name)
                if record["inputs"] == key and all(self.path(name).is_file() for name in record["files"]):
                    progress(stage.name, "kept", record["seconds"])
                    continue
            progress(stage.name, "start", 0.0)
            # Forget the stage first: interrupted between here and the new record, it counts as not done.
            if self.manifest["stages"].pop(stage.name, None):
                self.save()
            began = time.perf_counter()
            names = stage.work(self)
            seconds = time.perf_counter() - began
            self.manifest["stages"][stage.name] = {
                "inputs": key, "seconds": round(seconds, 3), "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
                "files": {name: file_hash(self.path(name)) for name in names},
            }  # fmt: skip
            self.save()
            progress(stage.name, "done", seconds)

    def forget(self, *stages: Stage) -> None:
        """Remove stages, with their files, that the design no longer has."""
        for stage in stages:
            for name in self.files(stage.name):
                self.path(name).unlink(missing_ok=True)
            self.manifest["stages"].pop(stage.name, None)
        self.save()

    def _refuse_edited(self, stage: str) -> None:
        for name, known in self.files(stage).items():
            path = self.path(name)
            if path.is_file() and file_hash(path) != known:
                hint = "pass a copy of it with --layout, or " if stage == "layout" else ""
                raise InputError(f"{path}: changed since the run wrote it; {hint}give --force to write it again")

    def save(self) -> None:
        """Write the manifest."""
        with replacing(self.path(MANIFEST)) as temporary:
            temporary.write_text(json.dumps(self.manifest, indent=1) + "\n", encoding="utf-8")


@contextlib.contextmanager
def open_run(
    design_path: Path, out: Path | None = None, *, layout: Path | None = None, engine: str = "auto"
) -> Iterator[Run]:
    """Open (or make) the run folder of a design; one process at a time.

    Args:
        design_path: the design file.
        out: the folder; ``runs/<design name>`` when None.
        layout: a GDS or OASIS file to use instead of drawing one.
        engine: simulation engine.

    Raises:
        InputError: bad design, a folder that cannot be written or holds something else, or is in use.
    """
    design = load_design(design_path)
    process = design.load_process()
    if layout is not None:
        _check_layout_name(layout)
    folder = out or Path("runs") / design.name
    manifest = _read_manifest(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise InputError(f"{folder}: cannot write the run folder ({error.strerror})") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"{folder}: another spinhop is working in this run folder") from None
        run = Run(folder, design, process, layout, engine, manifest)
        write_inputs(folder, design_path, design, process)
        manifest.update(
            format=FORMAT, design=design.name, seed=design.seed, versions=versions(), engine=engine,
            layout=str(layout.name) if layout else "drawn",
        )  # fmt: skip
        manifest.setdefault("stages", {})
        run.save()
        yield run


def _check_layout_name(layout: Path) -> None:
    if not layout.is_file():
        raise InputError(f"{layout}: no such layout file")
    if layout.suffix not in (".gds", ".oas"):
        raise InputError(f"{layout}: a layout file ends in .gds or .oas")


def _read_manifest(folder: Path) -> dict[str, Any]:
    """The folder's manifest, or an empty one for a new folder."""
    path = folder / MANIFEST
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: not a folder")
    try:
        if not folder.is_dir() or all(p.name == ".lock" for p in folder.iterdir()):
            return {}
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(manifest, dict) and manifest.get("format") == FORMAT:
            return manifest
    except FileNotFoundError:
        raise InputError(f"{folder}: not empty and no run folder; choose another with --out") from None
    except OSError as error:
        raise InputError(f"{folder}: cannot read the run folder ({error.strerror})") from None
    except ValueError:
        pass
    raise InputError(f"{path}: not the manifest of a run; choose another folder with --out")
