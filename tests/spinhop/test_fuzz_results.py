"""Files of a run folder that are damaged at any byte or in any value, with a manifest that believes them: one line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from hwlib.errors import InputError, StorageError
from hwlib.findings import Finding, read_findings, write_findings
from hwlib.storage.netcdf import write_netcdf
from sim.checkpoint import CheckpointError, read_state, write_state
from spinhop.run_folder.provenance import file_hash
from tests.support.fuzzing import damaged, fuzz, judged, mutated

RESULTS = ("network.nc", "ideal.nc", "drawn.nc", "recall_ideal.nc", "recall_drawn.nc")
NUMBERS = st.sampled_from([0.0, -1.0, 1e300, -1e300, 5e-324, np.nan, np.inf, 2.0**63, 7.5])


@pytest.fixture
def run(synthetic_run) -> Path:
    """A run folder, and beside it its files as they were."""
    folder = synthetic_run()
    shutil.copytree(folder, folder.with_name("whole"))
    return folder


def _reported(run: Path, name: str) -> None:
    """The report is written or refused; then the file is as it was."""
    if name != "manifest.json":
        manifest = json.loads((run / "manifest.json").read_text())
        for record in manifest["stages"].values():
            if name in record["files"]:
                record["files"][name] = file_hash(run / name)
        (run / "manifest.json").write_text(json.dumps(manifest))
    try:
        code, said = judged("report", run)
    finally:
        for each in (name, "manifest.json"):
            shutil.copy(run.with_name("whole") / each, run / each)
    assert code in (0, 2) and said.count("\n") == (code == 2)
    foreign = name == "manifest.json" and ": not made by this run yet; " in said  # a good one, of a run not so far
    assert code == 0 or name in said or foreign


@fuzz("damaged results")
@given(st.sampled_from(RESULTS), st.data())
def test_damaged_results(run, name, data):
    whole = (run / name).read_bytes()
    if data.draw(st.booleans()):
        content = data.draw(damaged(whole))
    else:  # a few bits, where HDF5 keeps its structure as well as in the data
        content = bytearray(whole)
        for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=30)):
            content[place] ^= 1 << data.draw(st.integers(0, 7))
    (run / name).write_bytes(content)
    _reported(run, name)


@st.composite
def changed(draw: st.DrawFn, dataset: xr.Dataset) -> xr.Dataset:
    """A result whose variables are of other kinds, sizes and values."""
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(dataset.variables)))
        values = dataset[name].values
        change = draw(st.sampled_from(["drop", "kind", "value", "values", "dims", "shorter", "attribute"]))
        if change == "drop":
            dataset = dataset.drop_vars(name)
        elif change == "kind":
            kind = draw(st.sampled_from(["f4", "f8", "i1", "i8", "u4", "bool", "str"]))
            with np.errstate(invalid="ignore"):
                dataset = dataset.assign({name: (dataset[name].dims, _as(values, kind))})
        elif change in ("value", "values") and values.dtype.kind in "fiub" and values.size:
            new = values.astype(float)
            places = slice(None) if change == "values" else draw(st.integers(0, values.size - 1))
            new.flat[places] = draw(NUMBERS)
            dataset = dataset.assign({name: (dataset[name].dims, new)})
        elif change == "dims":
            dataset = dataset.assign({name: ([f"other{k}" for k in range(values.ndim)], values)})
        elif change == "shorter" and dataset[name].dims:
            dataset = dataset.isel({dataset[name].dims[0]: slice(0, draw(st.integers(0, 3)))})
        elif change == "attribute":
            dataset.attrs[draw(st.sampled_from(["neurons", "layers", "format", "design"]))] = draw(
                st.sampled_from([0, -1, 10**15, 2.5, "x", "a,b", "\x1b[2J<script>"])
            )
    return dataset


def _as(values: np.ndarray, kind: str) -> np.ndarray:
    try:
        return values.astype(kind)
    except (ValueError, TypeError):
        return values


@fuzz("changed results")
@given(st.sampled_from(RESULTS), st.data())
def test_changed_results(run, name, data):
    with xr.open_dataset(run.with_name("whole") / name, engine="netcdf4") as opened:
        dataset = opened.load()
    try:
        write_netcdf(data.draw(changed(dataset)), run / name)
    except (ValueError, TypeError, StorageError):  # nor xarray nor netCDF writes such a dataset
        return
    _reported(run, name)


@fuzz("manifests")
@given(st.data())
def test_manifests(run, data):
    whole = (run / "manifest.json").read_bytes()
    content = data.draw(mutated(json.loads(whole)) | damaged(whole))
    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    (run / "manifest.json").write_bytes(content)
    _reported(run, "manifest.json")


@fuzz("checkpoints")
@given(st.data())
def test_checkpoints(tmp_path, data):
    path, arrays = tmp_path / "kept.npz", {"steps": np.arange(6), "wall": np.linspace(0, 1, 12).reshape(6, 2)}
    write_state(path, "me", arrays)
    path.write_bytes(data.draw(damaged(path.read_bytes())))
    try:
        found = read_state(path, "me", list(arrays), "run")
    except CheckpointError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        for name, values in arrays.items():
            np.testing.assert_array_equal(found[name], values)


@fuzz("findings")
@given(st.data())
def test_findings(tmp_path, data):
    path = write_findings(
        [Finding("drc", "m1.space", "too near", x=1e-6), Finding("erc", "r", "m")], tmp_path / "a.json"
    )
    whole = path.read_bytes()
    content = data.draw(mutated(json.loads(whole)) | damaged(whole))
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    try:
        assert all(isinstance(finding, Finding) for finding in read_findings(path))
    except InputError as error:
        assert str(error).startswith(f"{path}: ") and len(str(error)) <= 200 and "\n" not in str(error)
