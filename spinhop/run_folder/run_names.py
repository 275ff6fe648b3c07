"""Names of the designs that commands make of files, and which run folder is whose."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hwlib.storage.files import real_path
from spinhop.run_folder.inputs import COPIES, RESOLVED
from spinhop.run_folder.manifest import read_manifest
from spinhop.run_folder.provenance import file_hash

_LONGEST = 40  # characters of a file's part of a name
_DIGEST = 8
_LONGEST_NAME = 64  # of a folder, as of a design


def run_name(kind: str, files: Sequence[str]) -> str:
    """Of one design of several files: the kind, the first file, and how many more."""
    more = f"-and-{len(files) - 1}" if len(files) > 1 else ""
    return f"{kind}-{_by_stem(Path(files[0]))}{more}"


def run_names(kind: str, files: Sequence[Path]) -> list[str]:
    """Of a design each: no two files have one name, whatever their order; a file that is given twice has one.

    A file's stem is its name where no other file's is the same; else its suffix, its folder, or in the end a hash of
    its path tells it apart. Upper and lower case do not, as on some file systems.
    """
    ways = (_by_stem, _by_name, _by_folder, _by_path)
    paths = [Path(os.path.relpath(file)) for file in files]
    way = dict.fromkeys(paths, 0)
    while True:
        names = {path: ways[k](path) for path, k in way.items()}
        often = Counter(name.casefold() for name in names.values())
        alike = [path for path, name in names.items() if often[name.casefold()] > 1 and way[path] < len(ways) - 1]
        if not alike:
            return [f"{kind}-{names[path]}" for path in paths]
        for path in alike:
            way[path] += 1


def run_folder(name: str, files: Sequence[Path]) -> Path:
    """The run folder of a design that was given none: another's of the same name is left alone.

    Args:
        name: of the design.
        files: that it is made of.

    Raises:
        InputError: a manifest that is damaged.
    """
    folder = Path("runs") / name
    if any(_lies_in_its_folder(name, file) for file in files):
        return files[0].parent
    if not is_of_others(folder, read_manifest(folder), files):
        return folder
    return folder.with_name(_told_apart(name, _hashed("\0".join(os.path.relpath(file) for file in files))))


def is_of_others(folder: Path, manifest: dict[str, Any] | None, files: Sequence[Path]) -> bool:
    """Whether a run folder was made of other files than a design's.

    Its manifest says of which (``sources``). Older ones do not, and files may have been moved: then it is of these
    files if it has a copy of each as it is now.

    Args:
        folder: the run folder.
        manifest: its manifest, None where there is none.
        files: that the design is made of; of one that is made of none nobody can tell.
    """
    if manifest is None or not files or any(real_path(file) == real_path(folder / RESOLVED) for file in files):
        return False
    known = manifest.get("sources", [])
    if known == sources(folder, files):
        return False
    if any(os.path.lexists(folder / file) for file in known):
        return True
    copies = {file_hash(path) for path in (folder / COPIES).rglob("*") if path.is_file()}
    return not all(file.is_file() and file_hash(file) in copies for file in files)


def sources(folder: Path, files: Sequence[Path]) -> list[str]:
    """The files that a run folder is made of, from it: both may be moved together."""
    return [os.path.relpath(real_path(file), real_path(folder)) for file in files]


def _lies_in_its_folder(name: str, file: Path) -> bool:
    """Whether a file is the resolved design of a run folder that has its name from the design."""
    folder = file.parent
    if file.name != RESOLVED or real_path(folder.parent) != real_path(Path("runs")):
        return False
    return folder.name in (name, _told_apart(name, folder.name[-_DIGEST:]))


def _told_apart(name: str, digest: str) -> str:
    return f"{name[: _LONGEST_NAME - _DIGEST - 1]}-{digest}"


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")


def _by_stem(path: Path) -> str:
    """Without its suffix, unless that is a number, which tells instances apart (``g05_60.0``)."""
    numbered = path.suffix[1:].isdecimal()
    return _plain(path.name if numbered else path.stem)[:_LONGEST] or "files"


def _by_name(path: Path) -> str:
    return _plain(path.name)[:_LONGEST] or "files"


def _by_folder(path: Path) -> str:
    return _plain(f"{path.parent.name}-{path.stem}")[:_LONGEST] or "files"


def _by_path(path: Path) -> str:
    return f"{_by_stem(path)[: _LONGEST - _DIGEST - 1]}-{_hashed(str(path))}"


def _hashed(path: str) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:_DIGEST]
