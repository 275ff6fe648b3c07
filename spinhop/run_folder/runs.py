"""Run folders: every artefact of one design, made in stages that are repeated only when something they need changed."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hwlib.design import Design
from hwlib.errors import InputError, shown
from hwlib.process import Process
from hwlib.storage.files import real_path, refuse_unreadable
from hwlib.storage.made_with import versions
from hwlib.workers.allocation import give_freed_memory_back
from spinhop.run_folder.folder_lock import hold, refuse_others
from spinhop.run_folder.inputs import COPIES, PROCESS, RESOLVED, inputs_hash, read_design, referred_paths, write_inputs
from spinhop.run_folder.manifest import FORMAT, MANIFEST, read_manifest, write_manifest
from spinhop.run_folder.provenance import code_version, data_hash, file_hash
from spinhop.run_folder.run_names import is_of_others, run_folder, sources

if TYPE_CHECKING:
    from hwlib.drawing.reader import Drawing
    from hwlib.extraction.spef_reader import Parasitics
    from hwlib.network import Network

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
        notes: what the manifest says about how they were made.
    """

    name: str
    needs: tuple[str, ...]
    rooms: tuple[str, ...]
    inputs: Callable[[Run], Any]
    work: Callable[[Run], Sequence[str]]
    notes: Callable[[Run], dict[str, Any]] = lambda run: {}


@dataclass
class Run:
    """A design in its run folder.

    Attributes:
        folder: where the artefacts are.
        design, process: as validated.
        layout: a layout drawn elsewhere (or edited by hand) to use instead of drawing one; top: which of its cells.
        parasitics: of another tool, in place of the wires that are extracted here.
        engine: simulation engine, ``auto`` to choose.
        voltages: whether traces keep node voltages.
        manifest: versions, seed, and for each finished stage its input hash, time and files with their hashes.
        advance: called by stages that count what they do, with (done, in all); say: with what is done now.
        remark: called with a line for people.
        compiling: s that the stage at work spent on compiling an engine.
        resolved: the design as the run folder holds it.
        drawing: the layout, once it is open; network: the extracted one, once it is read. Stages pass them on
            (``spinhop.run_folder.artefacts``).
        kept: content of results and checks that were read, by name and hash (``spinhop.run_folder.stored_results``).
    """

    folder: Path
    design: Design
    process: Process
    layout: Path | None = None
    top: str | None = None
    parasitics: Parasitics | None = None
    engine: str = "auto"
    voltages: bool = False
    manifest: dict[str, Any] = field(default_factory=dict)
    advance: Callable[[float, int], None] = lambda done, total: None
    say: Callable[[str], None] = lambda text: None
    remark: Callable[[str], None] = lambda text: None
    compiling: float = 0.0
    resolved: Design | None = None
    drawing: Drawing | None = None
    network: Network | None = None
    kept: dict[tuple[str, str], Any] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        """Path of an artefact."""
        return self.folder / name

    @cached_property
    def design_hash(self) -> str:
        """Hash of the design's files in the run folder: tells whether a kept result is of the present design."""
        return inputs_hash(self.folder, self.design)

    def files(self, stage: str) -> dict[str, str]:
        """Names and hashes of the files a finished stage wrote."""
        return self.manifest["stages"].get(stage, {}).get("files", {})

    def _after(self, stage: Stage) -> dict[str, str]:
        """The stages that a stage needs, and what their files are now."""
        return {name: data_hash(self.files(name)) for name in stage.needs}

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
                    if record.get("design") != self.design_hash:  # another design, but not in what the stage reads
                        record["design"] = self.design_hash
                        self.save()
                    progress(stage.name, "kept", record["seconds"])
                    continue
            progress(stage.name, "start", 0.0)
            seconds = self._work(stage, key)
            progress(stage.name, "done", seconds)

    def _work(self, stage: Stage, key: str) -> float:
        """Do a stage and record it; returns its seconds."""
        # Forget the stage first: killed between here and the new record, it counts as not done.
        before = self.manifest["stages"].pop(stage.name, None)
        if before:
            self.save()
        began = time.perf_counter()
        try:
            names = stage.work(self)
        except BaseException:
            if before and self._intact(before):  # nothing was written: what was done before is still there
                self.manifest["stages"][stage.name] = before
                with contextlib.suppress(InputError):  # the disk may be full
                    self.save()
            raise
        give_freed_memory_back()
        seconds = time.perf_counter() - began
        files = {name: file_hash(self.path(name)) for name in names}
        self._drop_overwritten(files)
        self.manifest["stages"][stage.name] = {
            "inputs": key, "design": self.design_hash, "after": self._after(stage), "seconds": round(seconds, 3),
            "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "files": files, **stage.notes(self),
        }  # fmt: skip
        self.save()
        return seconds

    def _drop_overwritten(self, files: dict[str, str]) -> None:
        """Stages that wrote one of these files with other content are to be done again."""
        for stage in list(self.manifest["stages"]):
            if any(files.get(name, known) != known for name, known in self.files(stage).items()):
                del self.manifest["stages"][stage]

    def forget(self, *stages: str) -> None:
        """Remove stages by name, with their files, that the design no longer has."""
        gone = [name for name in stages if name in self.manifest["stages"]]
        for name in gone:
            for file in self.files(name):
                self.path(file).unlink(missing_ok=True)
            self.manifest["stages"].pop(name)
        if gone:
            self.save()

    def _intact(self, record: dict[str, Any]) -> bool:
        files = record["files"].items()
        return all(self.path(name).is_file() and file_hash(self.path(name)) == known for name, known in files)

    def _refuse_edited(self, stage: str) -> None:
        for name, known in self.files(stage).items():
            path = self.path(name)
            if path.is_file() and file_hash(path) != known:
                hint = "pass a copy of it with --layout, or " if stage == "layout" else ""
                raise InputError(f"{path}: changed since the run wrote it; {hint}give --force to write it again")

    def save(self) -> None:
        """Write the manifest."""
        write_manifest(self.folder, self.manifest)


def is_current(manifest: dict[str, Any], design_hash: str, stage: str) -> bool:
    """Whether a finished stage is of a design, and of the files that the stages before it have written since.

    Args:
        manifest: of the run folder.
        design_hash: of the design (``inputs_hash``).
        stage: its name.
    """
    record = manifest["stages"].get(stage, {})
    if record.get("design") != design_hash:
        return False
    for name, known in record.get("after", {}).items():
        before = manifest["stages"].get(name, {})
        if data_hash(before.get("files", {})) != known or (before and not is_current(manifest, design_hash, name)):
            return False
    return True


@contextlib.contextmanager
def open_run(
    source: str | Path | Design, out: str | Path | None = None, *, layout: str | Path | None = None,
    top: str | None = None, spef: str | Path | None = None, engine: str = "auto", to_draw: bool = True,
    to_check: bool = False, to_score: bool = False,
    refuse: Callable[[Design, Process], None] | None = None,
) -> Iterator[Run]:  # fmt: skip
    """Open (or make) the run folder of a design; one process at a time.

    Args:
        source: the design file, or a design.
        out: the folder; ``runs/<design name>`` when None, or with a hash where that is one of other files.
        layout: a GDS or OASIS file to use instead of drawing one; one that cannot be read is refused before anything
            is written.
        top: its cell to use, when it has several top cells.
        spef: parasitics of another tool to use instead of extracting wires.
        engine: simulation engine.
        to_draw: whether the design will be drawn: sizes that cannot be are refused before anything is written.
        to_check: whether the layout will be compared with a netlist: one that cannot be is refused likewise.
        to_score: whether the task's trials will be run: a design with nothing to compare them with is refused likewise.
        refuse: raises what else is known of the design to be wrong, before a layout is read.

    Raises:
        InputError: bad design or option, or of ``refuse``; a layout that cannot be read or checked, parasitics of
            another design, a folder that cannot be written, holds something else or another design's run, or is in use.
    """
    source = source if isinstance(source, Design) else Path(source)
    out, layout, spef = (None if each is None else Path(each) for each in (out, layout, spef))
    design = source if isinstance(source, Design) else read_design(source, drawn=layout is None and to_draw)
    if to_score:
        from sim.tasks.kinds import refuse_unscored

        refuse_unscored(design)
    process = design.load_process()
    if layout is not None:
        _check_layout_name(layout)
    elif top is not None:
        raise InputError(f"--top {shown(top)} names a cell of the layout file that --layout gives; give both")
    if engine != "auto":
        from sim.engines import check_name

        check_name(engine)
    if refuse is not None:
        refuse(design, process)
    parasitics = None if spef is None else _parasitics(spef, design, process)
    drawing = None if layout is None else _opened(layout, design, process, top, to_check)
    made_of = [source] if isinstance(source, Path) else referred_paths(design)
    folder = out or run_folder(design.name, made_of)
    with hold(folder, (COPIES,), _refuse_foreign):
        manifest = _manifest_of(design, folder, made_of)
        run = Run(folder, design, process, layout, top, parasitics, engine, manifest=manifest, drawing=drawing)
        run.save()  # before anything else, so that the folder is known for one of a run however soon this one ends
        run.resolved = write_inputs(folder, None if isinstance(source, Design) else source, design, process)
        yield run


def _manifest_of(design: Design, folder: Path, made_of: list[Path]) -> dict[str, Any]:
    """The folder's manifest, brought up to date for a design that is made of some files."""
    manifest = read_manifest(folder) or {}  # of a new folder, and of a run that ended before it had any
    if manifest.get("design", design.name) != design.name and is_of_others(folder, manifest, made_of):
        raise InputError(
            f"{folder}: run folder of another design, {shown(manifest['design'])}, not of {shown(design.name)}; "
            "choose another with --out"
        )
    manifest.update(format=FORMAT, design=design.name, seed=design.seed, versions=versions())
    if all(real_path(file) != real_path(folder / RESOLVED) for file in made_of):  # which says nothing new
        manifest["sources"] = sources(folder, made_of)
    manifest.setdefault("stages", {})
    return manifest


def tell_inputs(run: Run) -> None:
    """Say what was guessed of the task's files or left out, and which file the wires are from, of which design."""
    if run.design.programme is not None:
        for line in run.design.programme.remarks:
            run.remark(line)
    given = run.parasitics
    if given is not None:
        other = f", of its design {given.design}" if given.design not in ("", run.design.name) else ""
        run.remark(f"wires: parasitics of {given.title}{other}")


@contextlib.contextmanager
def reopen_run(folder: Path) -> Iterator[dict[str, Any]]:
    """Open a run folder that exists, without its design; its manifest is written at the end if it changed.

    Raises:
        InputError: no run folder, one that cannot be written, or in use.
    """
    if read_manifest(folder) is None:
        raise InputError(f"{folder}: no run folder; make one with spinhop run DESIGN")
    with hold(folder, (COPIES,), _refuse_foreign):
        manifest = read_manifest(folder) or {}
        before = json.dumps(manifest)
        yield manifest
        if json.dumps(manifest) != before:
            write_manifest(folder, manifest)


def _parasitics(spef: Path, design: Design, process: Process) -> Parasitics:
    """Parasitics of a design; what is wrong with them is found before anything is drawn."""
    from hwlib.extraction import read_spef, with_parasitics
    from hwlib.schematic import ideal_network

    parasitics = read_spef(spef)
    with_parasitics(ideal_network(design, process), parasitics)
    return parasitics


def refuse_unused(
    *, ideal: bool, layout: str | Path | None, spef: str | Path | None, engine: str = "auto"
) -> None:  # fmt: skip
    """Refuse drawn wires where perfect ones alone are asked for, and the engine of perfect wires for drawn ones.

    Args:
        ideal: whether nothing is simulated as drawn.
        layout: a file in place of what is drawn.
        spef: a file in place of extracted wires.
        engine: that is to simulate.
    """
    if ideal and layout is not None:
        raise InputError(f"{layout}: a layout has drawn wires; leave out --ideal or --layout")
    if ideal and spef is not None:
        raise InputError(f"{spef}: parasitics are of drawn wires; leave out --ideal or --spef")
    if not ideal and engine == "ideal":
        raise InputError("engine: 'ideal' simulates perfect wires alone; give --ideal too, or engine auto")


def _opened(layout: Path, design: Design, process: Process, top: str | None, to_check: bool) -> Drawing:
    """A layout in place of a drawn one; where it is to be checked, one that has the labels for that."""
    if to_check:
        from hwlib.checks import open_labelled_layout

        return open_labelled_layout(layout, process, top=top, devices=design.topology.devices)
    from hwlib.drawing.reader import open_layout

    return open_layout(layout, process, top=top, devices=design.topology.devices)


def _check_layout_name(layout: Path) -> None:
    refuse_unreadable(layout, "layout")
    if layout.suffix not in (".gds", ".oas"):
        raise InputError(f"{layout}: a layout file ends in .gds or .oas")


_BEGUN = re.compile("|".join(map(re.escape, (COPIES, RESOLVED, PROCESS))))
_refuse_foreign = refuse_others("run", MANIFEST, _BEGUN, lambda path: read_manifest(path.parent) is not None)
