"""Finished tasks on disk: an interrupted reproduction goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hwlib.storage.json_files import plain, read_json
from hwlib.storage.made_with import versions
from hwlib.storage.writing import write_text
from spinhop.reproduce.rows import Row
from spinhop.reproduce.task import PaperTask, Result
from spinhop.run_folder.provenance import code_version, data_hash


def key(task: PaperTask, quick: bool, seed: int) -> str:
    """Changes whenever a stored result would no longer be what a new run gives: settings, versions, own sources."""
    rooms = ("hwlib", "sim", __name__.rpartition(".")[0], *(["layouts"] if task.drawn else []))
    return data_hash([task.name, quick, seed, versions(), code_version(*rooms)])[:16]


def load(folder: Path, task: PaperTask, wanted: str) -> Result | None:
    """A stored result with the wanted key, or None; a damaged file counts as none."""
    path = folder / f"{task.name}.json"
    try:
        data = read_json(path, dict[str, Any], "result of a task")
        if data["meta"]["key"] != wanted:
            return None
        return Result([Row.from_dict(row) for row in data["rows"]], data["series"], data["meta"])
    except (ValueError, KeyError, TypeError, AttributeError):  # InputError is a ValueError
        return None


def save(folder: Path, task: PaperTask, result: Result) -> Path:
    """Write a result as JSON, whole or not at all."""
    data = {"meta": result.meta, "rows": [row.as_dict() for row in result.rows], "series": result.series}
    text = json.dumps(plain(data), indent=1)
    return write_text(folder / f"{task.name}.json", text + "\n")
