"""Whether a file of results says what it holds: units and meaning of everything, and what it was made with."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

_NETCDF = (None, "netcdf4", *(["h5netcdf"] if find_spec("h5netcdf") else []))
_LONGEST = 2000  # of a text in an attribute: more belongs into a variable


def undescribed(data: xr.Dataset) -> list[str]:
    """Variables and coordinates without units or without a meaning, and dimensions of names without a coordinate."""
    found = [
        f"{name}: no {what}"
        for name, variable in data.variables.items()
        for what in ("units", "long_name")
        if not (isinstance(variable.attrs.get(what), str) and variable.attrs[what].strip())
    ]
    named = {"source", "sink", "terminal", "net", "neuron", "trial", "bound", "stage", "rule", "process", "style", "s"}
    return found + [f"{name}: no coordinate" for name in data.dims if name in named and name not in data.coords]


def unmarked(attributes: dict[Any, Any]) -> list[str]:
    """What is wrong with the attributes: operating point, seed and versions are there; all are plain."""
    found = [f"no {name}" for name in ("design", "seed", "operating_point", "versions") if name not in attributes]
    plain = (str, int, float, np.integer, np.floating)
    found += [
        f"{name}: {value!r:.60}"
        for name, value in attributes.items()
        if not isinstance(value, plain) or (isinstance(value, str) and len(value) > _LONGEST)
    ]
    if not found:
        point = json.loads(attributes["operating_point"])
        found += [f"operating point without {name}" for name in ("v_charge", "weight", "load") if name not in point]
        found += [f"versions: {attributes['versions']}"] * ("numpy " not in attributes["versions"])
        int(attributes["seed"])
    return found


def assert_described(path: Path) -> xr.Dataset:
    """Open a file of results as anybody would, with every engine there is, and look at all that it says."""
    if path.suffix == ".zarr":
        opened = [xr.open_dataset(path, engine="zarr", consolidated=False), xr.open_zarr(path, consolidated=False)]
    else:
        opened = [xr.open_dataset(path, engine=engine) for engine in _NETCDF]
    for data in opened:
        data.load()
        data.close()
        assert undescribed(data) + unmarked(data.attrs) == [], path.name
        xr.testing.assert_identical(data.drop_attrs(), opened[0].drop_attrs())
    return opened[0]
