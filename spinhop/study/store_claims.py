"""A study's store may come from others: it is looked at before Zarr is, which believes all that a store says of itself.

Only what ``StudyStore`` writes is taken: Zarr 3, columns of one length, four kinds of values, files that are files and
lie in the store. A store that claims more than its files can hold is refused before anything is reserved for it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from hwlib.errors import InputError
from hwlib.storage.json_files import StoredModel, read_json
from hwlib.storage.netcdf import most_data
from spinhop.study.study_fields import MOST_POINTS

_META = "zarr.json"
_LARGEST_META = 2**20  # bytes
_BLOCK = 4096  # bytes that a file takes at least
_MOST_COLUMNS = 2000
_BYTES = {"bool": 1, "int64": 8, "float64": 8, "string": 64}


class _GroupMeta(StoredModel):
    zarr_format: Literal[3]
    node_type: Literal["group"]
    attributes: dict[str, Any]


class _Regular(StoredModel):
    chunk_shape: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1, max_length=1)]


class _ChunkGrid(StoredModel):
    name: Literal["regular"]
    configuration: _Regular


class _Codec(StoredModel):
    name: Literal["bytes", "vlen-utf8", "zstd"]


class _ColumnMeta(StoredModel):
    zarr_format: Literal[3]
    node_type: Literal["array"]
    shape: Annotated[list[Annotated[int, Field(ge=0, le=MOST_POINTS)]], Field(min_length=1, max_length=1)]
    data_type: Literal["bool", "int64", "float64", "string"]
    chunk_grid: _ChunkGrid
    codecs: list[_Codec]
    dimension_names: list[Literal["point"]]
    storage_transformers: list[Any] = Field(default_factory=list, max_length=0)
    attributes: dict[str, Any]


def check_store(path: Path, kinds: Mapping[str, str], index: str, what: str) -> int:
    """Refuse a store that this toolkit did not write so.

    Args:
        path: the store, a folder.
        kinds: columns that it must have, and of which kind.
        index: one of them, which is written whole when the store is made.
        what: its kind in messages.

    Returns:
        Bytes that its files take on a disk.

    Raises:
        InputError: one line with the file.
    """
    if path.is_symlink():
        raise _foreign(path, what, "a link")
    read_json(path / _META, _GroupMeta, what, _LARGEST_META)
    size, columns, chunks = 0, dict[str, _ColumnMeta](), dict[str, int]()
    for entry in _entries(path, what):
        if entry.is_file(follow_symlinks=False):
            size += _size(entry, entry.name == _META, what)
            continue
        if not entry.name.isprintable() or len(columns) >= _MOST_COLUMNS:
            raise _foreign(entry.path, what, "too many columns, or a name that cannot be printed")
        chunks[entry.name], taken = _column_files(Path(entry.path), what)
        if taken:  # else it is being made
            columns[entry.name] = read_json(Path(entry.path) / _META, _ColumnMeta, what, _LARGEST_META)
        size += taken
    _check_columns(path, columns, kinds, what)
    (count,), (length,) = columns[index].shape, columns[index].chunk_grid.configuration.chunk_shape
    claimed = count * sum(_BYTES[column.data_type] for column in columns.values())
    if chunks[index] != math.ceil(count / length) or claimed > most_data(size):
        raise _foreign(path / index, what, f"claims {count} points, more than its files hold")
    return size


def _check_columns(path: Path, columns: Mapping[str, _ColumnMeta], kinds: Mapping[str, str], what: str) -> None:
    """They are there, of their kinds, and one as long as another."""
    for name, kind in kinds.items():
        if name not in columns or columns[name].data_type != kind:
            raise _foreign(path / name, what, f"needs a column of {kind}")
    first = next(iter(columns.values()))
    for name, column in columns.items():
        if (column.shape, column.chunk_grid) != (first.shape, first.chunk_grid):
            raise _foreign(path / name, what, f"shape {column.shape}, others {first.shape}")


def _column_files(folder: Path, what: str) -> tuple[int, int]:
    """How many chunks a column has, and bytes of its files."""
    count, size = 0, 0
    for entry in _entries(folder, what):
        if entry.name != "c" or entry.is_file(follow_symlinks=False):
            size += _size(entry, entry.name == _META, what)
            continue
        for chunk in _entries(Path(entry.path), what):
            size += _size(chunk, chunk.name.isdecimal(), what)
            count += chunk.name.isdecimal()
    return count, size


def _entries(folder: Path, what: str) -> Iterator[os.DirEntry[str]]:
    if folder.is_symlink():
        raise _foreign(folder, what, "a link")
    with os.scandir(folder) as entries:
        yield from entries


def _size(entry: os.DirEntry[str], known: bool, what: str) -> int:
    """Bytes on a disk of a file, 0 of one that is being written."""
    if not entry.is_file(follow_symlinks=False):
        raise _foreign(entry.path, what, "no regular file")
    if entry.name.endswith(".partial"):
        return 0
    if not known:
        raise _foreign(entry.path, what, "none of its files")
    return math.ceil(entry.stat().st_size / _BLOCK) * _BLOCK


def _foreign(path: str | Path, what: str, reason: str) -> InputError:
    return InputError(f"{path}: damaged, or no {what} ({reason})")
