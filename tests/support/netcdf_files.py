"""netCDF files as readers meet them: a good one, and small ones that claim much or send their reader elsewhere."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import xarray as xr

from hwlib.storage.netcdf import Wanted, write_netcdf

WANTED = {
    "a": Wanted(("x", "y")), "flag": Wanted(("x",), "b"), "count": Wanted((), "i"), "name": Wanted(("x",), "U"),
    "hole": Wanted(("x",), gaps=True), "maybe": Wanted(("x",), optional=True),
}  # fmt: skip


def good() -> xr.Dataset:
    return xr.Dataset(
        {
            "a": (("x", "y"), np.arange(6.0).reshape(3, 2), {"units": "days since yesterday"}),
            "flag": ("x", [True, False, True]), "count": 7, "hole": ("x", [1.0, np.nan, np.inf]), "more": ("z", [1, 2]),
        },
        coords={"name": ("x", np.array(["u", "v", "wörd"], object))}, attrs={"design": "d", "seed": 3},
    )  # fmt: skip


def made_to_claim(path: Path, kind: str) -> Path:
    """A small file that says it holds 8 TB, or sends its reader elsewhere."""
    write_netcdf(good().drop_vars("hole"), path)
    with h5py.File(path, "a") as file:
        if kind == "chunked":
            file.create_dataset("hole", (10**12,), "f8", chunks=(1000,))
        elif kind == "unlimited":
            file.create_dataset("hole", (3,), "f8", maxshape=(None,), chunks=(5 * 10**8,))
        elif kind == "fill":
            file.create_dataset("hole", (10**12,), "f8", chunks=(1000,), fillvalue=1.0)
        elif kind == "other":  # not even asked for
            file.create_dataset("index", (10**12,), "f8", chunks=(1000,)).make_scale("index")
        elif kind == "external":
            file.create_dataset("hole", (3,), "f8", external=[("/etc/passwd", 0, 24)])
        elif kind == "link":
            file["hole"] = h5py.ExternalLink("/tmp/other.nc", "/hole")
        elif kind == "soft":
            file["hole"] = h5py.SoftLink("/a")
        else:
            layout = h5py.VirtualLayout((3,), "f8")
            layout[:] = h5py.VirtualSource("/tmp/other.nc", "hole", (3,))
            file.create_virtual_dataset("hole", layout)
    return path


CLAIMS = ("chunked", "unlimited", "fill", "other", "external", "link", "soft", "virtual")
