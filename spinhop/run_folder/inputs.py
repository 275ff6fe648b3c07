"""The input files of a run: copies of what the user wrote, and the same with every default filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from hwlib.design import Design, load_design
from hwlib.device import Device
from hwlib.dynamics_data import Dynamics
from hwlib.errors import FieldsError
from hwlib.process import Process, preset_names
from hwlib.storage.files import read_bytes, real_path
from hwlib.storage.model_files import refused_fields
from hwlib.storage.writing import replacing
from hwlib.storage.yaml_text import yaml_text
from spinhop.run_folder.provenance import data_hash, file_hash

COPIES = "input"
RESOLVED = "design.yaml"
PROCESS = "process.yaml"


def read_design(path: Path, *, drawn: bool = False) -> Design:
    """Read a design with every parameter of its wall dynamics filled in.

    Args:
        path: the file.
        drawn: whether it will be drawn: sizes that its process cannot make are refused too.

    Raises:
        InputError: as of ``load_design``; or a law of motion that is not known, or does not take its parameters,
            waivers of rules that there are not, or a size that cannot be drawn.
    """
    design, wrong = load_design(path), list[tuple[tuple[str | int, ...], str]]()
    for completed in (_with_known_waivers, _with_whole_dynamics, *([_with_drawable_sizes] if drawn else [])):
        try:
            design = completed(design)
        except FieldsError as error:
            wrong += error.problems
    if wrong:
        raise refused_fields(path, FieldsError(wrong), "design")
    return design


def _with_known_waivers(design: Design) -> Design:
    if design.waivers:
        from sim.rules import check_waivers, rule_names

        check_waivers(design.waivers, rule_names(design.load_process()))
    return design


def _with_whole_dynamics(design: Design) -> Design:
    if design.device.dynamics == Dynamics():
        return design
    from sim.dynamics import resolved

    return resolved(design)


def _with_drawable_sizes(design: Design) -> Design:
    from hwlib.cells.rules import DimensionError
    from layouts.floorplan import refuse_sizes

    try:
        refuse_sizes(design)
    except DimensionError as error:
        first, *rest = error.field.split(".")
        section = "device" if first in Device.model_fields else "network"
        said = str(error).removeprefix(f"{section}.").removeprefix(f"{error.field}: ")
        raise FieldsError([((section, first, *rest), said)]) from None
    return design


def write_inputs(folder: Path, design_path: Path | None, design: Design, process: Process) -> Design:
    """Write the copies into ``input/``, and the resolved ``design.yaml`` and ``process.yaml`` into the run folder.

    The resolved design runs from where it lies: it names the resolved process and the copied files of weights,
    topology, compensation and task.

    Args:
        folder: the run folder.
        design_path: the design's file; None for one that a command made.
        design: as read.
        process: its process.

    Returns:
        The resolved design, as reading it from the run folder gives it.

    Raises:
        StorageError: when the folder cannot be written.
    """
    copies = folder / COPIES
    if design_path is not None:
        if real_path(design.folder) == real_path(folder):  # a resolved design, run again where it lies
            return design
        _copy(design_path, copies / design_path.name)
    names = _names_in_folder(design)
    for name, kept in names.items():
        _copy(design.folder / name, folder / kept)
    if design.process not in preset_names():
        _copy(design.folder / design.process, copies / design.process)
    data = _plain(design, without=design.from_task)
    data["process"] = PROCESS
    if design.network.topology.graph is not None:
        data["network"]["topology"]["graph"] = names[design.network.topology.graph]
    if design.programme is not None:
        data["task"] |= design.task.with_files(names)
    if design.network.weights.matrix_file is not None:
        data["network"]["weights"]["matrix_file"] = names[design.network.weights.matrix_file]
    if design.compensation is not None and design.compensation.weights_file is not None:
        data["compensation"]["weights_file"] = names[design.compensation.weights_file]
    source = design_path.name if design_path is not None else f"a design of spinhop {design.task.kind}"
    _write_yaml(folder / RESOLVED, data, f"{source}, with every default filled in")
    _write_yaml(folder / PROCESS, _plain(process), f"the process {process.name}")
    return design.moved(folder, PROCESS, names)


def referred_files(design: Design) -> list[str]:
    """The files that a design's weights, topology, compensation and task name."""
    voltages = design.compensation.weights_file if design.compensation is not None else None
    given = [design.network.weights.matrix_file, design.network.topology.graph, voltages, *design.task.files().values()]
    return list(dict.fromkeys(name for name in given if name is not None))


def referred_paths(design: Design) -> list[Path]:
    """Where those files are."""
    return [design.folder / name for name in referred_files(design)]


def files_of(design: Design) -> list[str]:
    """All files that a design names: its process where that is no preset, and those of weights, topology and task."""
    process = [] if design.process in preset_names() else [design.process]
    return list(dict.fromkeys([*process, *referred_files(design)]))


def contents_of(design: Design) -> dict[str, str]:
    """Hash of every file that a design names."""
    return {name: file_hash(design.folder / name) for name in files_of(design)}


def _names_in_folder(design: Design) -> dict[str, str]:
    """Where in the run folder the copies of files are, by their name in the design; each in a place of its own."""
    names: dict[str, str] = {}
    for name in referred_files(design):
        inside = not Path(name).is_absolute() and ".." not in Path(name).parts
        wanted = Path(COPIES) / (name if inside else Path(name).name)
        kept, count = wanted, 1
        while str(kept) in names.values():
            count += 1
            kept = wanted.with_name(f"{wanted.stem}-{count}{wanted.suffix}")
        names[name] = str(kept)
    return names


def inputs_hash(folder: Path, design: Design | None) -> str:
    """Hash of what a run folder says the design is: ``design.yaml``, ``process.yaml`` and the files it names.

    Args:
        folder: the run folder.
        design: as read from it, or as written into it; None: without such files.
    """
    texts = [_without_comments(folder / name) for name in (RESOLVED, PROCESS)]
    names: list[str] = []
    if design is not None:
        at_home = real_path(design.folder) == real_path(folder)
        names = referred_files(design) if at_home else list(_names_in_folder(design).values())
    return data_hash([*texts, *([file_hash(folder / name) for name in names] or [""])])


def _without_comments(path: Path) -> str:
    """They name the file that a design came from."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return "\n".join(line for line in lines if not line.startswith("#"))


def _plain(model: BaseModel, without: Any = None) -> dict:
    return model.model_dump(mode="json", exclude_none=True, exclude=without)


def _write_yaml(path: Path, data: dict, comment: str) -> None:
    _write(path, f"# {comment}\n{yaml_text(data)}".encode())


def _copy(source: Path, target: Path) -> None:
    if real_path(source) != real_path(target):
        _write(target, read_bytes(source, "input"))


def _write(path: Path, content: bytes) -> None:
    """Leave an equal file alone, so that its date says when it last changed."""
    if path.is_file() and path.read_bytes() == content:
        return
    with replacing(path) as temporary:
        temporary.write_bytes(content)
