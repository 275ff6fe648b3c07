"""Arrays of netCDF-4 files without xarray, whose import takes longer than a small design's extraction.

The files are as xarray would write them: it opens them with coordinates, units and gaps (NaN) in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hwlib.storage.known_contents import remember_written
from hwlib.storage.netcdf import (
    UnusableError,
    Wanted,
    check_claims,
    check_values,
    check_variables,
    new_file,
    opened,
    read_guarded,
)
from hwlib.storage.writing import write_with_library

if TYPE_CHECKING:
    import netCDF4

_PACKING = ("scale_factor", "add_offset")  # other programs' compression, which would have to be undone


class ArrayVariable(NamedTuple):
    """A variable of a file.

    Attributes:
        dims: its dimensions.
        values: numbers, or texts as objects.
        attrs: units and long_name.
    """

    dims: tuple[str, ...]
    values: np.ndarray
    attrs: Mapping[str, str] = {}


@dataclass(frozen=True)
class ArrayFile:
    """What a file holds.

    Attributes:
        variables: by name; one that is called like its dimension is its coordinate.
        attrs: of the file.
    """

    variables: Mapping[str, ArrayVariable]
    attrs: Mapping[str, Any]

    @property
    def sizes(self) -> dict[str, int]:
        """Lengths of the dimensions."""
        shapes = [(each.dims, each.values.shape) for each in self.variables.values()]
        return {dim: size for dims, shape in shapes for dim, size in zip(dims, shape, strict=True)}


def write_arrays(content: ArrayFile, path: str | Path) -> Path:
    """Write a netCDF-4 file, whole or not at all; numbers are compressed, without loss.

    Raises:
        StorageError: when the file cannot be written.
    """

    def write(temporary: Path) -> None:
        with new_file(temporary) as file:
            for name, size in content.sizes.items():
                file.createDimension(name, size)
            for name, each in content.variables.items():
                _add(file, name, each)
            file.setncatts(content.attrs)

    return remember_written(write_with_library(Path(path), write))


def _add(file: netCDF4.Dataset, name: str, variable: ArrayVariable) -> None:
    dims, values, attrs = variable
    text = values.dtype.kind in "OU"
    kind: Any = str if text else values.dtype
    gap = np.nan if values.dtype.kind == "f" else None
    packed = not text and values.size > 0 and bool(dims)
    made = file.createVariable(name, kind, dims, fill_value=gap, compression="zlib" if packed else None, complevel=1)
    made.setncatts(attrs)
    made.set_auto_maskandscale(False)
    made[...] = values.astype(object) if text else values


def read_arrays(
    path: str | Path, what: str, wanted: Mapping[str, Wanted], sizes: Mapping[str, int] | None = None
) -> ArrayFile:
    """Read variables of a netCDF-4 file that may be damaged, swapped or made to do harm, as ``read_netcdf`` does.

    Args:
        path: the file.
        what: its kind in messages, e.g. ``"network"``.
        wanted: variables by name; others are left out.
        sizes: what the lengths of dimensions must be.

    Raises:
        InputError: one line with the file; missing, no regular file, damaged, or of another kind.
    """
    import netCDF4  # noqa: F401, here once, lest every child does it

    def read() -> ArrayFile:
        check_claims(Path(path))
        with opened(path) as file:
            file.set_auto_maskandscale(False)
            there = {name: file.variables[name] for name in wanted if name in file.variables}
            found = {name: _Look(each) for name, each in there.items()}
            lengths = {name: dimension.size for name, dimension in file.dimensions.items()}
            names = check_variables(found, wanted, lengths, sizes or {})
            attrs = {name: file.getncattr(name) for name in file.ncattrs()}
            content = ArrayFile({name: _variable(name, there[name]) for name in names}, attrs)
        check_values({name: each.values for name, each in content.variables.items()}, wanted)
        return content

    return read_guarded(path, what, read)


class _Look:
    """What a variable says of itself, in the words of ``check_variables``."""

    def __init__(self, variable: netCDF4.Variable):
        self.dims, self.dtype = variable.dimensions, np.dtype(object if variable.dtype is str else variable.dtype)
        if self.dtype.kind == "i" and "dtype" in variable.ncattrs() and variable.getncattr("dtype") == "bool":
            self.dtype = np.dtype(bool)  # as xarray writes them


def _variable(name: str, variable: netCDF4.Variable) -> ArrayVariable:
    attrs = {key: variable.getncattr(key) for key in variable.ncattrs()}
    odd = [key for key in _PACKING if key in attrs]
    if odd or (np.dtype(variable.dtype).kind != "f" and "_FillValue" in attrs):
        raise UnusableError(f"{name} is packed with {(odd or ['_FillValue'])[0]}")
    return ArrayVariable(variable.dimensions, variable[...], attrs)
