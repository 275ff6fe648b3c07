"""Writing netCDF-4."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwlib.writing import write_bytes

if TYPE_CHECKING:
    import xarray as xr


def write_netcdf(dataset: xr.Dataset, path: str | Path, encoding: Mapping[str, Any] | None = None) -> Path:
    """Write a dataset as netCDF-4, whole or not at all.

    It is made in memory first: HDF5 ends the process when the disk fills up under it.

    Args:
        dataset: what to write.
        path: the file.
        encoding: of its variables, as for ``Dataset.to_netcdf``.

    Raises:
        InputError: when the file cannot be written.
    """
    buffer = io.BytesIO()
    dataset.to_netcdf(buffer, engine="h5netcdf", encoding=encoding)
    return write_bytes(Path(path), buffer.getbuffer())
