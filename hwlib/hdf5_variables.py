"""Variables of a netCDF-4 file as HDF5 has them, by h5py alone: h5netcdf takes several times as long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hwlib.errors import shown

if TYPE_CHECKING:
    import h5py

_HIDDEN = frozenset(  # attributes that are netCDF's own
    ("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates", "_NCProperties",
     "_nc3_strict")
)  # fmt: skip
_PACKING = ("scale_factor", "add_offset", "missing_value", "_Unsigned")  # of other programs; it would have to be undone


class UnusableError(Exception):
    """A file that is no file of the kind asked for."""


class StoredVariable:
    """What a variable of an open file says of itself.

    Attributes:
        dims: its dimensions.
        shape: its lengths.
        dtype: of its values, ``bool`` where they are stored as whole numbers, as xarray does.
        attrs: its attributes, without what says how values are stored.
    """

    def __init__(self, name: str, stored: h5py.Dataset):
        self._name, self._stored, self.shape = name, stored, stored.shape
        self.dims = _dimensions(name, stored)
        attrs = attributes(stored)
        self._fill = attrs.pop("_FillValue", None)
        self._packing = [key for key in _PACKING if key in attrs]
        self.dtype = self._stored.dtype
        if self.dtype.kind == "i" and attrs.get("dtype") == "bool":
            attrs.pop("dtype")
            self.dtype = np.dtype(bool)
        self.attrs = attrs

    def values(self) -> np.ndarray:
        """All its values; texts as objects.

        Raises:
            UnusableError: they are packed.
        """
        if self._packing or not _is_gap(self._fill):
            raise UnusableError(f"{self._name} is packed with {(self._packing or ['_FillValue'])[0]}")
        if self.dtype.kind == "O":
            return np.asarray(self._stored.asstr()[()], object)
        return np.asarray(self._stored[()]).astype(self.dtype.newbyteorder("="), copy=False)


def dimension_lengths(stored: Mapping[str, h5py.Dataset], variables: Mapping[str, StoredVariable]) -> dict[str, int]:
    """Lengths of a file's dimensions.

    Args:
        stored: all datasets of the file.
        variables: some of its variables.

    Raises:
        UnusableError: a variable has another length than its dimension.
    """
    lengths: dict[str, int] = {}
    for name, each in stored.items():
        if _is_scale(each):
            lengths[name] = each.shape[0]
    for name, variable in variables.items():
        for dim, length in zip(variable.dims, variable.shape, strict=True):
            if lengths.setdefault(dim, length) != length:
                raise UnusableError(f"{name} has {length} along {shown(dim)}, which has {lengths[dim]}")
    return lengths


def attributes(item: h5py.HLObject) -> dict[str, Any]:
    """Attributes of a file or variable, texts as ``str`` and single numbers without their axis."""
    return {name: _attribute(item.attrs[name]) for name in item.attrs if name not in _HIDDEN}


def _attribute(value: Any) -> Any:
    import h5py

    if isinstance(value, h5py.Empty):
        return "" if value.dtype.kind in "SO" else np.zeros(0, value.dtype)
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    elif isinstance(value, np.ndarray) and value.dtype.kind in "SO":
        return [_attribute(each) for each in value.ravel()]
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def _dimensions(name: str, stored: h5py.Dataset) -> tuple[str, ...]:
    import h5py

    axes = stored.attrs.get("DIMENSION_LIST")
    if axes is not None:
        # Of several scales of one axis the last one counts, as in netCDF's own library.
        paths = [h5py.h5r.get_name(scales[-1], stored.id) or b"" for scales in axes]
        return tuple(path.decode().rpartition("/")[2] for path in paths)
    if _is_scale(stored):
        return (name,)
    if stored.shape:
        raise UnusableError(f"{name} has no dimensions")
    return ()


def _is_scale(stored: h5py.Dataset) -> bool:
    """Whether a dataset is a dimension, which may be a variable too."""
    return len(stored.shape) == 1 and stored.attrs.get("CLASS") == b"DIMENSION_SCALE"


def _is_gap(fill: Any) -> bool:
    """Whether a fill value is none or NaN: gaps are NaN as stored."""
    return fill is None or (isinstance(fill, (float, np.floating)) and bool(np.isnan(fill)))
