"""The manifest of a run folder: which stages are done, with which files, and whether a file is still that one."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from hwlib.errors import InputError, shown
from hwlib.storage.files import refuse_unreadable
from hwlib.storage.json_files import read_json
from hwlib.storage.made_with import not_ours
from hwlib.storage.writing import write_text
from spinhop.run_folder.folder_lock import LOCK
from spinhop.run_folder.inputs import PROCESS, RESOLVED
from spinhop.run_folder.provenance import file_hash

FORMAT = "spinhop-run-1"
MANIFEST = "manifest.json"
_MAX_BYTES = 16 * 2**20


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that cannot be printed")
    return text


def _of_this_version(text: str) -> str:
    if wrong := not_ours(text, FORMAT):
        raise ValueError(wrong)
    return text


def _file_name(name: str) -> str:
    if name in ("", ".", "..", MANIFEST, LOCK, RESOLVED, PROCESS) or "/" in name or "\\" in name:
        raise ValueError("is no name of a file in the run folder that a stage writes")
    return name


_Text = Annotated[str, Field(max_length=1000), AfterValidator(_printable)]
_Name = Annotated[_Text, AfterValidator(_file_name)]
_Path = Annotated[str, Field(max_length=8192)]
_Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Record(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    inputs: _Text
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    finished: _Text
    files: dict[_Name, _Hash]
    layout: _Text = "drawn"
    engine: _Text = "auto"
    design: _Text = ""
    after: dict[_Text, _Text] = Field(default_factory=dict)
    parasitics: _Text = ""
    top_cell: _Text = ""
    task: _Text = ""
    compiling: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    format: Annotated[_Text, AfterValidator(_of_this_version)]
    design: _Text
    seed: int
    versions: dict[_Text, _Text]
    sources: list[_Path] = Field(default_factory=list)
    stages: dict[_Text, _Record]

    @model_validator(mode="after")
    def _each_file_known_once(self) -> _Manifest:
        # Decks of several dialects bring the same Verilog-A beside them: one file, with one hash.
        known: dict[str, str] = {}
        for record in self.stages.values():
            for name, content in record.files.items():
                if known.setdefault(name, content) != content:
                    raise ValueError(f"{shown(name, 60)} is a file of several stages")
        return self


_AGAIN = "there, spinhop run design.yaml --out . makes it"


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a run folder; None where there is none.

    Raises:
        InputError: one line; damaged, of something else, or with names of files outside the folder.
    """
    path = folder / MANIFEST
    if not path.exists() and not path.is_symlink():
        return None
    return read_json(path, _Manifest, "run manifest", _MAX_BYTES).model_dump(exclude_unset=True)


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest of a run folder.

    Raises:
        StorageError: when it cannot be written.
    """
    text = json.dumps(manifest, indent=1) + "\n"
    write_text(folder / MANIFEST, text)


def known_files(folder: Path, manifest: dict[str, Any], names: Sequence[str], design: str) -> dict[str, str]:
    """Check that files of a run folder are those that the run wrote, and for its present design.

    Args:
        folder: the run folder.
        manifest: its manifest.
        names: of the files.
        design: hash of the design in the folder (``inputs_hash``).

    Returns:
        The hash of each.

    Raises:
        InputError: naming the first that is missing, no regular file, that no finished stage wrote, or that is another.
    """
    records = {name: record for record in manifest["stages"].values() for name in record["files"]}
    for name in names:
        path = folder / name
        if name not in records:
            raise InputError(f"{path}: not made by this run yet; {_AGAIN}")
        if not os.path.lexists(path):
            raise InputError(f"{path}: missing; {_AGAIN}")
        _refuse_changed(path, records[name]["files"][name])
        if records[name].get("design", design) != design:
            raise InputError(f"{path}: of another design than the folder says now; {_AGAIN}")
    return {name: records[name]["files"][name] for name in names}


def refuse_changed(folder: Path, manifest: dict[str, Any], stages: Sequence[str]) -> None:
    """Refuse a run folder with a file that is not as one of some stages wrote it; one that is gone is let pass.

    Raises:
        InputError: naming the first.
    """
    for stage in stages:
        for name, known in manifest["stages"].get(stage, {}).get("files", {}).items():
            if os.path.lexists(folder / name):
                _refuse_changed(folder / name, known)


def _refuse_changed(path: Path, known: str) -> None:
    refuse_unreadable(path, "result")
    if file_hash(path) != known:
        raise InputError(
            f"{path}: damaged, or of another kind or run: not the file this run wrote (hash in {MANIFEST})"
        )
