"""What this process wrote is read without a child; any other content, also of the same length, is tried in one."""

import numpy as np
import pytest
import xarray as xr

import layouts
from hwlib.design import Design
from hwlib.drawing import layout_file
from hwlib.errors import InputError
from hwlib.storage import known_contents, netcdf
from hwlib.storage.array_files import ArrayFile, ArrayVariable, read_arrays, write_arrays
from hwlib.storage.netcdf import Wanted, read_netcdf, write_netcdf
from hwlib.workers.forked import bounded

X = {"x": Wanted(("k",), "f")}


def arrays(path):
    write_arrays(ArrayFile({"x": ArrayVariable(("k",), np.arange(5.0))}, {}), path)
    return lambda: read_arrays(path, "network", X).variables["x"].values


def dataset(path):
    write_netcdf(xr.Dataset({"x": ("k", np.arange(5.0))}), path)
    return lambda: read_netcdf(path, "result", X)["x"].values


def layout(path):
    layouts.write_layout(layouts.hopfield(Design(name="drawn", network={"neurons": 3})), path)
    return lambda: layout_file.read_layout(path).cells()


@pytest.mark.parametrize(("write", "module"), [(arrays, netcdf), (dataset, netcdf), (layout, layout_file)])
def test_what_was_written_here_is_read_here(tmp_path, monkeypatch, write, module):
    children = []
    monkeypatch.setattr(known_contents, "_KNOWN", {})
    monkeypatch.setattr(module, "bounded", lambda work, **bounds: children.append(work) or bounded(work, **bounds))
    path = tmp_path / "file.oas"
    read = write(path)
    found = read()
    assert children == []
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))  # of the same length
    try:
        read()
    except InputError as error:
        assert "damaged" in str(error)
    assert len(children) == 1
    path.write_bytes(content)
    known_contents._KNOWN.clear()
    np.testing.assert_array_equal(read(), found)
    assert len(children) == 2


def test_what_was_damaged_since_is_said_as_ever(tmp_path):
    read = dataset(tmp_path / "file.nc")
    with pytest.raises(InputError, match=r"file\.nc: damaged, or no result \(no variable y\)"):
        read_netcdf(tmp_path / "file.nc", "result", {"y": Wanted(("k",), "f")})
    (tmp_path / "file.nc").write_bytes(b"\x89HDF" + bytes(100))
    with pytest.raises(InputError, match=r"file\.nc: damaged, or no result"):
        read()


def test_the_oldest_is_forgotten(monkeypatch):
    monkeypatch.setattr(known_contents, "_KNOWN", {})
    contents = [(k, b"digest") for k in range(known_contents.MOST + 1)]
    for content in contents:
        known_contents.remember(content)
    assert not known_contents.is_known(contents[0]) and all(map(known_contents.is_known, contents[1:]))
