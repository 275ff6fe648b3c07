"""Finished tasks on disk: an interrupted reproduction goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import math
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hwlib.json_files import read_json
from hwlib.writing import write_atomic
from spinhop.reproduce.rows import Row
from spinhop.reproduce.task import PaperTask, Result

_PACKAGES = ("spinhop", "numpy", "scipy", "numba", "networkx", "gdsfactory", "klayout")


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    return {name: version(name) for name in _PACKAGES}


def key(task: PaperTask, quick: bool, seed: int) -> str:
    """Changes whenever a stored result would no longer be what a new run gives: settings, versions, own sources."""
    import hwlib
    import sim

    digest = hashlib.sha256(json.dumps([task.name, quick, seed, versions()], sort_keys=True).encode())
    folders = [Path(hwlib.__path__[0]), Path(sim.__path__[0]), Path(__file__).parent]
    if task.drawn:
        import layouts

        folders.append(Path(layouts.__path__[0]))
    for folder in folders:
        for source in sorted(folder.rglob("*")):
            if source.suffix in (".py", ".yaml"):
                digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


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
    text = json.dumps(_plain(data), indent=1)
    return write_atomic(folder / f"{task.name}.json", lambda p: p.write_text(text + "\n"))


def _plain(value: Any) -> Any:
    """NumPy values as Python ones; what is not finite as None, which JSON has a word for."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
