"""The input files of a run: copies of what the user wrote, and the same with every default filled in."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from hwlib.design import Design
from hwlib.files import read_bytes
from hwlib.process import Process, preset_names
from hwlib.writing import replacing
from hwlib.yaml_text import yaml_text
from spinhop.provenance import data_hash, file_hash

COPIES = "input"
RESOLVED = "design.yaml"
PROCESS = "process.yaml"


def write_inputs(folder: Path, design_path: Path, design: Design, process: Process) -> None:
    """Write the copies into ``input/``, and the resolved ``design.yaml`` and ``process.yaml`` into the run folder.

    The resolved design runs from where it lies: it names the resolved process and the copied weight matrix.

    Raises:
        InputError: when the folder cannot be written.
    """
    if design.folder.resolve() == folder.resolve():  # a resolved design, run again where it lies
        return
    copies = folder / COPIES
    _copy(design_path, copies / design_path.name)
    referred = [design.network.weights.matrix_file]
    referred += [] if design.process in preset_names() else [design.process]
    for name in referred:
        if name is not None:
            _copy(design.folder / name, copies / name)
    data = _plain(design)
    data["process"] = PROCESS
    if design.network.weights.matrix_file is not None:
        data["network"]["weights"]["matrix_file"] = matrix_in_folder(folder, design)
    _write_yaml(folder / RESOLVED, data, f"{design_path.name} with every default filled in")
    _write_yaml(folder / PROCESS, _plain(process), f"the process {process.name}")


def inputs_hash(folder: Path, matrix_file: str | None) -> str:
    """Hash of what a run folder says the design is: ``design.yaml``, ``process.yaml`` and the weight matrix.

    Args:
        folder: the run folder.
        matrix_file: of the design in the folder, relative to it.
    """
    texts = [_without_comments(folder / name) for name in (RESOLVED, PROCESS)]
    return data_hash([*texts, "" if matrix_file is None else file_hash(folder / matrix_file)])


def _without_comments(path: Path) -> str:
    """They name the file that a design came from."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return "\n".join(line for line in lines if not line.startswith("#"))


def matrix_in_folder(folder: Path, design: Design) -> str | None:
    """Where in the run folder a design's weight matrix is; None without one."""
    name = design.network.weights.matrix_file
    return name if name is None or design.folder.resolve() == folder.resolve() else f"{COPIES}/{name}"


def _plain(model: BaseModel) -> dict:
    return model.model_dump(mode="json", exclude_none=True)


def _write_yaml(path: Path, data: dict, comment: str) -> None:
    _write(path, f"# {comment}\n{yaml_text(data)}".encode())


def _copy(source: Path, target: Path) -> None:
    if source.resolve() != target.resolve():
        _write(target, read_bytes(source, "input"))


def _write(path: Path, content: bytes) -> None:
    """Leave an equal file alone, so that its date says when it last changed."""
    if path.is_file() and path.read_bytes() == content:
        return
    with replacing(path) as temporary:
        temporary.write_bytes(content)
