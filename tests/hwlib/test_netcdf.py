"""netCDF files that are damaged, swapped, or claim what they do not hold: one line, without reading what they claim."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from hwlib.errors import InputError
from hwlib.network_file import read_network
from hwlib.storage.array_files import ArrayFile, ArrayVariable, read_arrays, write_arrays
from hwlib.storage.netcdf import Wanted, read_netcdf, write_netcdf
from tests.support.netcdf_files import CLAIMS, WANTED, good, made_to_claim


def refused(path: Path, **sizes: int) -> str:
    with pytest.raises(InputError) as error:
        read_netcdf(path, "result", WANTED, sizes)
    line = str(error.value)
    assert line.startswith(f"{path}: ") and len(line) < 200
    return line.removeprefix(f"{path}: ")


def test_what_was_written_is_read(tmp_path):
    found = read_netcdf(write_netcdf(good(), tmp_path / "a.nc"), "result", WANTED, {"x": 3, "none": 9})
    assert set(found.variables) == {"a", "flag", "count", "name", "hole"}
    np.testing.assert_array_equal(found["a"], good()["a"])
    assert found["flag"].dtype == bool and int(found["count"]) == 7 and list(found["name"].values) == ["u", "v", "wörd"]
    assert dict(found.attrs) == {"design": "d", "seed": 3}
    found["a"][0, 0] = 5.0  # in memory, and the file closed


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.drop_vars("a"), "damaged, or no result (no variable a)"),
        (lambda d: d.assign(a=("x", [1.0, 2.0, 3.0])), "a over (x), needs (x, y)"),
        (lambda d: d.assign(a=(("y", "x"), np.ones((2, 3)))), "a over (y, x), needs (x, y)"),
        (lambda d: d.assign(a=(("x", "y"), np.full((3, 2), np.nan))), "a has values that are not finite"),
        (lambda d: d.assign(a=(("x", "y"), [["1"] * 2] * 3)), "needs numbers"),
        (lambda d: d.assign(a=(("x", "y"), np.ones((3, 2), bool))), "a is 'bool', needs numbers"),
        (lambda d: d.assign(count=7.5), "count is 'float64', needs whole numbers"),
        (lambda d: d.assign(flag=("x", [1, 0, 1])), "flag is 'int64', needs yes or no"),
        (lambda d: d.assign(name=("x", [1, 2, 3])), "name is 'int64', needs text"),
        (lambda d: d.assign(maybe=("y", [1, 2])), "maybe over (y), needs (x)"),
        (lambda d: d.assign({f"v{k}": k for k in range(1100)}), "variables"),
    ],
)
def test_other_contents_are_refused(tmp_path, change, words):
    assert words in refused(write_netcdf(change(good()), tmp_path / "a.nc"))


def test_sizes(tmp_path):
    assert "3 along x, needs 4" in refused(write_netcdf(good(), tmp_path / "a.nc"), x=4)


def test_files_of_no_kind(tmp_path):
    path = tmp_path / "a.nc"
    assert "no such result file" in refused(path)
    path.mkdir()
    assert "it is a folder" in refused(path)
    os.mkfifo(tmp_path / "fifo")
    assert "it is a FIFO" in refused(tmp_path / "fifo")
    whole = write_netcdf(good(), tmp_path / "b.nc").read_bytes()
    for content in (b"", b"junk", whole[:100], whole[:-100], b"CDF\x01" + bytes(100), bytes(5000)):
        (tmp_path / "c.nc").write_bytes(content)
        assert refused(tmp_path / "c.nc").startswith("damaged, or no result (")


@pytest.mark.parametrize("kind", CLAIMS)
def test_claims_are_not_believed(tmp_path, kind):
    line = refused(made_to_claim(tmp_path / "a.nc", kind))
    words = {"external": "stored elsewhere", "virtual": "stored elsewhere", "link": "is a link", "soft": "is a link"}
    assert words.get(kind, "more than the file holds") in line


def test_claims_cost_no_memory(tmp_path):
    paths = [str(made_to_claim(tmp_path / f"{kind}.nc", kind)) for kind in CLAIMS]
    code = f"""
from hwlib.storage.array_files import ArrayFile, ArrayVariable, read_arrays, write_arrays
from hwlib.errors import InputError
from hwlib.storage.netcdf import Wanted, read_netcdf
for path in {paths!r}:
    try:
        read_netcdf(path, "result", {{"hole": Wanted(("x",))}})
    except InputError:
        print("refused")
"""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, preexec_fn=limited, timeout=60,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["refused"] * len(CLAIMS), "")


@pytest.mark.parametrize(
    "name",
    ["a\\b", "x\\ touch DONE", " a", "c:", "file:", "http:", "#mode=zarr", "[x]", "%41", os.fsdecode(b"\xff"), "-"],
)
def test_files_are_called_what_they_are_called(tmp_path, monkeypatch, name):
    """netCDF takes backslashes for those of Windows, and texts before a colon or after a hash for more than a name."""
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    folder = Path(name)
    found = read_netcdf(write_netcdf(good(), folder / f"{name}.nc"), "result", WANTED)
    assert found["a"].equals(good()["a"])
    network = write_arrays(ArrayFile({"y": ArrayVariable(("y",), np.arange(3.0))}, {}), folder / f"{name}2.nc")
    assert read_arrays(network, "network", {"y": Wanted(("y",))}).variables["y"].values.tolist() == [0, 1, 2]
    assert [path.relative_to(tmp_path / "run").parts[0] for path in tmp_path.rglob("*.nc")] == [name] * 2


def test_a_network_that_claims_many_neurons_is_refused(tmp_path):
    from hwlib.design import Design
    from hwlib.network_file import write_network
    from hwlib.process import load_process
    from hwlib.schematic import ladder_network

    design = Design(name="d", network={"neurons": 3})
    path = write_network(ladder_network(design, load_process("ebeam"), 2.0), tmp_path / "n.nc")
    for value in (10**12, 0, -1, 2.5, "three", [3, 3]):
        with netCDF4.Dataset(path, "a") as file:
            file.neurons = value
        with pytest.raises(InputError, match=r"damaged, or no network \(neurons is "):
            read_network(path)
    with netCDF4.Dataset(path, "a") as file:
        file.format = "spinhop-network-2"
    with pytest.raises(InputError, match=r"spinhop-network-2 is of another version of spinhop, this one has"):
        read_network(path)


def test_what_every_reader_loads_is_loaded_once(tmp_path):
    """A child that reads finds loaded what xarray uses, and loads nothing that it only looks for."""
    path = write_netcdf(good(), tmp_path / "a.nc")
    code = f"""
import sys
from pathlib import Path
from hwlib.storage import netcdf
from tests.support.netcdf_files import WANTED

def loaded():
    return {{name for name, module in sys.modules.items() if module}}

def read():
    before = loaded()
    netcdf._read(Path({str(path)!r}), WANTED, {{}})
    return loaded() - before

netcdf.read_netcdf({str(path)!r}, "result", WANTED)
print(*netcdf.read_guarded({str(path)!r}, "result", read))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert loaded <= {"netCDF4", "h5py", "encodings"}
