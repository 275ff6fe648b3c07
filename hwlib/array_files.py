"""Arrays of netCDF-4 files without xarray, whose import takes longer than a small design's extraction.

The files are as xarray would write them: it opens them with coordinates, units and gaps (NaN) in place.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hwlib.netcdf import UnusableError, Wanted, check_claims, check_values, check_variables, read_guarded
from hwlib.writing import write_bytes

if TYPE_CHECKING:
    import h5netcdf

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

    It is made in memory first: HDF5 ends the process when the disk fills up under it.

    Raises:
        InputError: when the file cannot be written.
    """
    import h5netcdf
    import h5py

    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        file.dimensions = content.sizes
        for name, (dims, values, attrs) in content.variables.items():
            if values.dtype.kind in "OU":
                made = file.create_variable(name, dims, h5py.string_dtype(), data=values.astype(object))
            else:
                gap = {"fillvalue": np.nan} if values.dtype.kind == "f" else {}
                packed = {"compression": "gzip", "compression_opts": 1, "shuffle": True} if values.size else {}
                made = file.create_variable(name, dims, values.dtype, data=values, **gap, **packed)
            made.attrs.update(attrs)
        file.attrs.update(content.attrs)
    return write_bytes(Path(path), buffer.getbuffer())


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
    import h5netcdf  # here once, lest every child does it

    def read() -> ArrayFile:
        check_claims(Path(path))
        with h5netcdf.File(path, "r", decode_vlen_strings=True) as file:
            there = {name: file.variables[name] for name in wanted if name in file.variables}
            found = {name: _Look(each) for name, each in there.items()}
            lengths = {name: dimension.size for name, dimension in file.dimensions.items()}
            names = check_variables(found, wanted, lengths, sizes or {})
            content = ArrayFile({name: _variable(name, there[name]) for name in names}, dict(file.attrs))
        check_values({name: each.values for name, each in content.variables.items()}, wanted)
        return content

    return read_guarded(path, what, read)


class _Look:
    """What a variable says of itself, in the words of ``check_variables``."""

    def __init__(self, variable: h5netcdf.Variable):
        self.dims, self.dtype = tuple(variable.dimensions), variable.dtype
        if np.dtype(self.dtype).kind == "i" and variable.attrs.get("dtype") == "bool":  # as xarray writes them
            self.dtype = np.dtype(bool)


def _variable(name: str, variable: h5netcdf.Variable) -> ArrayVariable:
    attrs = dict(variable.attrs)
    odd = [key for key in _PACKING if key in attrs]
    if odd or (variable.dtype.kind != "f" and "_FillValue" in attrs):
        raise UnusableError(f"{name} is packed with {(odd or ['_FillValue'])[0]}")
    return ArrayVariable(tuple(variable.dimensions), variable[...], attrs)
