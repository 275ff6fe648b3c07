"""Names of the designs, and so of the run folders, that commands make of files."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hwlib.storage.files import real_path
from spinhop.run_folder.manifest import read_manifest

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
    """The run folder of a design that a command makes of files: another's of the same name is left alone.

    Args:
        name: of the design.
        files: that it is made of; the folder's manifest says what it was made of (``sources``).

    Raises:
        InputError: a manifest that is damaged.
    """
    folder = Path("runs") / name
    manifest = read_manifest(folder)
    if manifest is None or manifest.get("sources") == sources(folder, files):
        return folder
    paths = "\0".join(os.path.relpath(file) for file in files)
    return folder.with_name(f"{name[: _LONGEST_NAME - _DIGEST - 1]}-{_hashed(paths)}")


def sources(folder: Path, files: Sequence[Path]) -> list[str]:
    """The files that a run folder is made of, from it: both may be moved together."""
    return [os.path.relpath(real_path(file), real_path(folder)) for file in files]


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
