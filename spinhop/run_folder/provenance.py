"""What made a result: versions of the toolkit's own code, and of files."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

_SOURCES = (".py", ".yaml", ".html", ".css", ".js", ".va")  # what a result depends on
_DESIGNS = {"examples", "codesigned"}  # folders of design files: nothing is made with them but their own results
_PLAIN = json.JSONEncoder(sort_keys=True, default=str)  # one for all: a study has a million points


def code_version(*modules: str) -> str:
    """Hash of the source and data files of some packages or modules: changes when the code that made a result does."""
    digest = hashlib.sha256()
    for name in modules:
        digest.update(sources_hash(name))
    return digest.hexdigest()[:16]


@lru_cache(maxsize=64)
def sources_hash(module: str) -> bytes:
    """Hash of the source and data files of one; the stages of a run have most in common."""
    digest = hashlib.sha256()
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return digest.digest()
    folder = Path(spec.origin).parent
    files = sorted(folder.rglob("*")) if spec.submodule_search_locations else [Path(spec.origin)]
    for path in files:
        if path.suffix in _SOURCES and _DESIGNS.isdisjoint(path.relative_to(folder).parts):
            digest.update(f"{module}/{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes())
    return digest.digest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def data_hash(data: Any) -> str:
    """SHA-256 of plain data (mappings, sequences, numbers, strings), independent of the order of keys."""
    return hashlib.sha256(_PLAIN.encode(data).encode()).hexdigest()
