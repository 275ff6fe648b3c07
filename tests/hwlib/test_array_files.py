"""Arrays in netCDF-4 files: as xarray has them, and what is no such file is refused in the words of ``read_netcdf``."""

import numpy as np
import pytest
import xarray as xr

from hwlib.errors import InputError
from hwlib.storage.array_files import ArrayFile, ArrayVariable, read_arrays, write_arrays
from hwlib.storage.netcdf import Wanted, read_netcdf, write_netcdf
from tests.support.netcdf_files import CLAIMS, WANTED, good, made_to_claim

CONTENT = ArrayFile(
    {
        "a": ArrayVariable(("x", "y"), np.arange(6.0).reshape(3, 2), {"units": "m", "long_name": "place"}),
        "hole": ArrayVariable(("x",), np.array([1.0, np.nan, np.inf]), {"units": "m", "coordinates": "count"}),
        "count": ArrayVariable(("x",), np.array([3, -1, 2], np.int32)),
        "x": ArrayVariable(("x",), np.array(["u", "v", "wörd"], object)),
        "none": ArrayVariable(("z",), np.zeros(0)),
    },
    {"design": "d", "seed": 3},
)


def test_xarray_reads_what_was_written(tmp_path):
    with xr.open_dataset(write_arrays(CONTENT, tmp_path / "a.nc")) as found:
        assert set(found.coords) == {"x", "count"} and dict(found.attrs) == CONTENT.attrs
        for name, each in CONTENT.variables.items():
            assert found[name].dims == each.dims
            np.testing.assert_array_equal(found[name].values, each.values)
        assert found["a"].attrs == {"units": "m", "long_name": "place"} and found["count"].dtype == np.int32


def test_what_was_written_is_read(tmp_path):
    wanted = {
        "a": Wanted(("x", "y")),
        "hole": Wanted(("x",), gaps=True),
        "x": Wanted(("x",), "U"),
        "none": Wanted(("z",)),
    }
    found = read_arrays(write_arrays(CONTENT, tmp_path / "a.nc"), "thing", wanted, {"x": 3})
    assert list(found.variables) == list(wanted) and dict(found.attrs) == CONTENT.attrs and found.sizes["y"] == 2
    for name in wanted:
        np.testing.assert_array_equal(found.variables[name].values, CONTENT.variables[name].values)


def _lines(path, wanted):
    """What both readers say of a file."""
    said = []
    for reader in (read_netcdf, read_arrays):
        with pytest.raises(InputError) as error:
            reader(path, "result", wanted)
        said.append(str(error.value))
    return said


@pytest.mark.parametrize("kind", CLAIMS)
def test_claims_are_not_believed(tmp_path, kind):
    line, same = _lines(made_to_claim(tmp_path / "a.nc", kind), WANTED)
    assert line == same


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.drop_vars("a"), lambda d: d.assign(a=("x", [1.0, 2.0, 3.0])),
        lambda d: d.assign(a=(("x", "y"), np.full((3, 2), np.nan))), lambda d: d.assign(count=7.5),
        lambda d: d.assign(a=(("x", "y"), np.ones((3, 2), bool))), lambda d: d.assign(name=("x", [1, 2, 3])),
    ],
)  # fmt: skip
def test_other_contents_are_refused(tmp_path, change):
    line, same = _lines(write_netcdf(change(good()), tmp_path / "a.nc"), WANTED)
    assert line == same


def test_numbers_that_would_have_to_be_unpacked_are_refused(tmp_path):
    data = xr.Dataset({"a": ("x", [1.0, 2.0])})
    path = write_netcdf(data, tmp_path / "a.nc", {"a": {"dtype": "i2", "scale_factor": 0.5, "_FillValue": -1}})
    with pytest.raises(InputError, match="a is packed with scale_factor"):
        read_arrays(path, "result", {"a": Wanted(("x",))})
