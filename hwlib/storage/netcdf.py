"""netCDF-4: written whole or not at all, and read with suspicion."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import numpy as np

from hwlib.errors import InputError, StoppedError, cut, shown
from hwlib.storage.files import open_outside, refuse_without_descriptors
from hwlib.storage.known_contents import holds_known, remember_written
from hwlib.storage.scratch import plainly_named
from hwlib.storage.writing import write_with_library
from hwlib.workers.forked import bounded

if TYPE_CHECKING:
    import netCDF4
    import xarray as xr

_LARGEST = 2**36  # bytes of a file
_SMALL = 2**26  # bytes that any file may claim
_DEFLATE = 1100  # most by which HDF5's compression shrinks
_MOST_VARIABLES = 1000
_SECONDS, _SPEED = 4.0, 5e5  # s at least, and bytes/s, of processor time: far slower than any file is read
_LOOKED_FOR = "dask.array", "pint", "cupy", "sparse"  # by xarray: whether an array is one of theirs
_ROOM = 2**29  # bytes that reading takes beside the data
Content = TypeVar("Content")
_KINDS = {"f": "fiu", "i": "iu", "b": "b", "U": "UOT"}
_KIND_NAMES = {"f": "numbers", "i": "whole numbers", "b": "yes or no", "U": "text"}


def write_netcdf(dataset: xr.Dataset, path: str | Path, encoding: Mapping[str, Any] | None = None) -> Path:
    """Write a dataset as netCDF-4, whole or not at all.

    Args:
        dataset: what to write.
        path: the file.
        encoding: of its variables, as for ``Dataset.to_netcdf``.

    Raises:
        StorageError: when the file cannot be written.
    """
    from xarray.backends import NetCDF4DataStore

    def write(temporary: Path) -> None:
        with new_file(temporary) as file:
            # As Dataset.to_netcdf, which loads all of Dask distributed first, to ask whether a scheduler wants a lock.
            dataset.dump_to_store(NetCDF4DataStore(file), encoding=encoding)

    return remember_written(write_with_library(Path(path), write))


@contextmanager
def new_file(path: Path) -> Iterator[netCDF4.Dataset]:
    """An empty netCDF-4 file to be filled in, of a plain name as ``write_with_library`` gives it.

    Raises ``RuntimeError`` or ``PermissionError``, without the reason, when the disk is full.
    """
    import netCDF4

    with closing(netCDF4.Dataset(path, "w")) as file:
        yield file


@contextmanager
def opened(path: str | Path) -> Iterator[netCDF4.Dataset]:
    """A netCDF file to be read, whatever it is called."""
    import netCDF4

    with plainly_named(path) as name, netCDF4.Dataset(str(name)) as file:
        yield file


class Wanted(NamedTuple):
    """What a variable of a file must be.

    Attributes:
        dims: its dimensions.
        kind: ``f`` floating point, ``i`` whole numbers, ``b`` yes or no, ``U`` text.
        gaps: NaN and infinite values are allowed.
        optional: the file may lack it.
    """

    dims: tuple[str, ...]
    kind: Literal["f", "i", "b", "U"] = "f"
    gaps: bool = False
    optional: bool = False


def read_netcdf(
    path: str | Path, what: str, wanted: Mapping[str, Wanted], sizes: Mapping[str, int] | None = None
) -> xr.Dataset:
    """Read variables of a netCDF-4 file that may be damaged, swapped or made to do harm.

    Nothing is read before the sizes that the file claims are known to fit it: HDF5 would reserve them. External
    storage, links and virtual datasets are refused.

    Args:
        path: the file.
        what: its kind in messages, e.g. ``"result of recall"``.
        wanted: variables and coordinates by name; others are left out.
        sizes: what the lengths of dimensions must be.

    Returns:
        The wanted variables, in memory, with all attributes of the file.

    Raises:
        InputError: one line with the file; missing, no regular file, damaged, or of another kind.
    """
    # Here once, lest every child does it.
    import netCDF4  # noqa: F401
    import xarray  # noqa: F401

    with suppress(ImportError):  # not installed: xarray does without
        import dask.base  # noqa: F401

    return read_guarded(path, what, lambda: _read(Path(path), wanted, sizes or {}))


def read_guarded(path: str | Path, what: str, read: Callable[[], Content]) -> Content:
    """What ``read`` makes of a netCDF-4 file, called in a child: there are damaged files on which HDF5 never ends.

    What this process wrote is read here.

    Args:
        path: the file.
        what: its kind in messages.
        read: may raise anything.

    Raises:
        InputError: one line with the file; missing, no regular file, or ``read`` failed or used too much.
    """
    import h5py  # noqa: F401, here once, lest every child does it

    with open_outside(path, what, _LARGEST) as stream:
        size, ours = stream.seek(0, 2), holds_known(stream)
    return _refusing_damage(path, what, read, "HDF5") if ours else read_bounded(path, what, read, size, "HDF5")


def read_bounded(path: str | Path, what: str, read: Callable[[], Content], size: int, library: str) -> Content:
    """What ``read`` makes of compressed files, called in a child whose time and memory are in proportion to their size.

    Args:
        path: of the files, for messages.
        what: their kind in messages.
        read: may raise anything.
        size: bytes of all files.
        library: which reads them.

    Raises:
        InputError: one line; ``read`` failed or used too much.
    """
    seconds, memory = max(_SECONDS, size / _SPEED), 4 * most_data(size) + _ROOM
    bounded_read = partial(bounded, read, seconds=seconds, memory=memory, without=_LOOKED_FOR)
    return _refusing_damage(path, what, bounded_read, library)


def _refusing_damage(path: str | Path, what: str, read: Callable[[], Content], library: str) -> Content:
    try:
        return read()
    except StoppedError:
        reason = f"{library} cannot be made to read it"
    except (UnusableError, MemoryError) as error:
        reason = str(error) or "it claims more than fits into memory"
    except Exception as error:  # the libraries raise many kinds on damaged files
        refuse_without_descriptors(path, error)
        reason = f"{type(error).__name__} in {library}"
    raise InputError(f"{path}: damaged, or no {what} ({reason})")


def _read(path: Path, wanted: Mapping[str, Wanted], sizes: Mapping[str, int]) -> xr.Dataset:
    import xarray as xr
    from xarray.backends import NetCDF4DataStore

    with warnings.catch_warnings(action="ignore"):
        check_claims(path)
        with opened(path) as file:
            dataset = xr.open_dataset(NetCDF4DataStore(file), decode_times=False, decode_timedelta=False)
            names = check_variables(dataset.variables, wanted, dataset.sizes, sizes)
            found = dataset.drop_vars([name for name in dataset.variables if name not in names]).load()
    check_values({str(name): each.values for name, each in found.variables.items()}, wanted)
    return found


def most_data(size: int) -> int:
    """Bytes of data that a compressed file of this size may hold."""
    return max(_SMALL, _DEFLATE * size)


class UnusableError(Exception):
    """A file that is no file of the kind asked for."""


def check_claims(path: Path) -> None:
    """Refuse a file that claims more data than its bytes can hold, or that sends the reader elsewhere."""
    import h5py

    allowed, claimed = most_data(path.stat().st_size), 0
    with h5py.File(path, "r") as file:
        if len(file) > _MOST_VARIABLES:
            raise UnusableError(f"{len(file)} variables")
        for name in file:
            if not isinstance(file.get(name, getlink=True), h5py.HardLink):
                raise UnusableError(f"{shown(name)} is a link")
            item = file[name]
            if not isinstance(item, h5py.Dataset):
                continue
            if item.is_virtual or item.external:
                raise UnusableError(f"{shown(name)} is stored elsewhere")
            chunk = math.prod(item.chunks or (0,)) * item.dtype.itemsize
            claimed += max(math.prod(item.shape or (0,)) * item.dtype.itemsize, chunk)
            if claimed > allowed:
                raise UnusableError(f"{shown(name)} claims shape {shown(str(item.shape))}, more than the file holds")


def check_variables(
    there: Mapping[Any, Any], wanted: Mapping[str, Wanted], lengths: Mapping[Any, int], sizes: Mapping[str, int]
) -> list[str]:
    """Names of the wanted variables that are there, each as it must be.

    Args:
        there: variables by name, with ``dims`` and ``dtype``.
        wanted: what they must be.
        lengths: of the file's dimensions.
        sizes: what they must be.

    Raises:
        UnusableError: one is missing, or is not what it must be.
    """
    names = []
    for name, each in wanted.items():
        if name not in there:
            if each.optional:
                continue
            raise UnusableError(f"no variable {name}")
        variable = there[name]
        if variable.dims != each.dims:
            dims = ", ".join(map(str, variable.dims))
            raise UnusableError(f"{name} over ({cut(dims, 40)}), needs ({', '.join(each.dims)})")
        kind = variable.dtype.kind
        if kind not in _KINDS[each.kind]:
            raise UnusableError(f"{name} is {shown(str(variable.dtype))}, needs {_KIND_NAMES[each.kind]}")
        names.append(name)
    for name, size in sizes.items():
        if lengths.get(name, size) != size:
            raise UnusableError(f"{lengths[name]} along {name}, needs {size}")
    return names


def check_values(found: Mapping[str, np.ndarray], wanted: Mapping[str, Wanted]) -> None:
    """Refuse arrays for numbers, numbers that are not finite, where there may be no gaps, and texts that are none."""
    for name, each in wanted.items():
        if name not in found:
            continue
        values = found[name]
        if (
            each.kind != "U" and values.dtype.kind in "OV"
        ):  # of arrays of any length the file declares the numbers' type
            raise UnusableError(f"{name} is of arrays, needs {_KIND_NAMES[each.kind]}")
        if each.kind == "f" and not each.gaps and not np.isfinite(values).all():
            raise UnusableError(f"{name} has values that are not finite")
        if each.kind == "U" and not all(isinstance(value, str) for value in values.ravel().tolist()):
            raise UnusableError(f"{name} is not text")
