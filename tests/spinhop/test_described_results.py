"""Every file of results says units and meaning of all that it holds, and what it was made with.

Files that other tests make are looked at there, by ``assert_described``; here is what those do not make.
"""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.network_file import read_network, write_network
from hwlib.schematic import ideal_network
from sim.trial_parameters import operating_point_text, trial_coordinates
from spinhop.designs.design_fields import field_unit
from spinhop.run_folder.artefacts import save_dataset
from spinhop.run_folder.result_files import read_trial
from tests.support.described import assert_described, undescribed, unmarked

ROOT = Path(__file__).resolve().parents[2]
LOOKED_AT = {  # module that writes results: where its files are looked at
    "hwlib/network_file.py": "tests/spinhop/test_runs_end_to_end.py",
    "hwlib/checks/drawn_devices.py": "tests/spinhop/test_runs_end_to_end.py",
    "spinhop/run_folder/artefacts.py": "tests/spinhop/test_runs_end_to_end.py",
    "spinhop/atlas/atlas_results.py": "tests/spinhop/test_atlas.py",
    "spinhop/optimize/search_page.py": "tests/spinhop/test_optimize.py",
    "spinhop/study/study_store.py": "tests/spinhop/test_sweep.py",
}
OTHER = {"model": "collective", "parameters": {"damping": 0.02}}
WRITERS = {"write_netcdf", "write_arrays", "to_netcdf", "to_zarr", "create_array"}


def _called(path: Path) -> set[str]:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}


def test_the_files_of_every_writer_are_looked_at():
    found = {
        str(path.relative_to(ROOT))
        for room in ("hwlib", "layouts", "sim", "spinhop")
        for path in (ROOT / room).rglob("*.py")
        if WRITERS & _called(path)
    }
    assert found == set(LOOKED_AT)
    for test in set(LOOKED_AT.values()):
        assert "assert_described" in _called(ROOT / test), test


@pytest.fixture(scope="module")
def small():
    design = Design(name="small", seed=5, network={"neurons": 3})
    process = design.load_process()
    return design, process, ideal_network(design, process)


def test_parameters_of_a_batch_are_coordinates(small, tmp_path):
    design, process, network = small
    point = sim.first_trial(network, design, process)
    levels = np.array([[0.0, 1, -1], [1, 0, 1], [-1, 1, 0]])
    lines = ideal_network(design, process, style="lines")
    walls = np.linspace(0, 1, network.devices)
    protocols = [replace(point, v_dw=volts, levels=each, initial=walls)
                 for volts, each in ((0.02, levels), (0.03, -levels))]  # fmt: skip
    found = assert_described(save_dataset(sim.run_batch(lines, protocols), tmp_path / "batch.nc"))
    assert found["v_dw"].dims == ("trial",) and found["v_dw"].values.tolist() == [0.02, 0.03]
    assert found["v_dw"].attrs["units"] == "V" and float(found["weight"]) == design.operating_point.weight
    np.testing.assert_array_equal(found["start"], [point.start] * 2)
    np.testing.assert_array_equal(found["initial"], [walls] * 2)
    np.testing.assert_array_equal(found["weight_level"][1], -levels[lines.post, lines.pre])
    stated = json.loads(found.attrs["operating_point"])
    assert "v_dw" not in stated and stated["weight"] == "100 mV" and stated["axon_leak"] == "-5 m/s"
    assert set(found.coords) >= {"trial", "load_duration", "time_limit", "temperature"}


def test_a_stated_operating_point_reads_as_that_of_a_design(small, tmp_path):
    """What a result says, put into a design, gives the protocol that was run."""
    process = small[1]
    other = Design(name="other", network={"neurons": 3}, device={"dynamics": OTHER})
    assert found_point(assert_described(write_network(ideal_network(other, process), tmp_path / "network.nc"))) == {
        "v_dw": "auto", "v_charge": "100 mV", "weight": "100 mV", "axon_leak": "-5 m/s", "soma_leak": "0.2 m/s",
        "load": "rest", "rails_while_loading": "floating",
    }  # fmt: skip
    warm = Design(name="warm", network={"neurons": 3}, operating_point={"temperature": 300.0, "load": 16e-9})
    still = ideal_network(warm, process)
    protocols = [sim.first_trial(still, warm, process)] * 2
    assert float(trial_coordinates(still, protocols, batch=True)["temperature"]) == 300
    text = operating_point_text(still, protocols)
    again = Design(name="again", network={"neurons": 3}, operating_point=json.loads(text)).operating_point
    for name in ("v_charge", "weight", "axon_leak", "soma_leak", "load", "temperature"):
        assert getattr(again, name) == getattr(warm.operating_point, name), name
    assert again.v_dw == pytest.approx(protocols[0].v_dw, rel=1e-11)


def found_point(data: xr.Dataset) -> dict[str, str]:
    return json.loads(data.attrs["operating_point"])


def test_voltages_are_those_of_named_nodes_and_nets(small, tmp_path):
    design, process, network = small
    result = sim.run(network, sim.first_trial(network, design, process), voltages=True, samples=30)
    path = save_dataset(result, tmp_path / "trial.nc")
    found = assert_described(path)
    assert found["net_name"].values.tolist() == list(network.net_names)  # ideal: a node per net
    assert found["node_voltage"].dims == ("time", "node") and found["node_name"].dims == ("node",)
    bare = found.drop_vars([name for name in found.coords if name not in ("source", "sink")])
    bare.attrs.clear()
    read = read_trial(save_dataset(bare.drop_dims("time"), tmp_path / "old.nc"), design)
    assert float(read["time_to_solution"]) == float(found["time_to_solution"]), "a file of before is still read"
    with pytest.raises(InputError):
        read_network(path)


def test_units_of_fields():
    collective = {"dynamics": {"model": "collective"}}
    design = Design(name="small", network={"neurons": 3, "drive_width": 1e-7}, device=collective)
    for path, value, unit in (
        ("device.resistance_area", 1e-12, "ohm*m^2"), ("device.tmr", 2.0, "1"), ("network.drive_width", 1e-7, "m"),
        ("operating_point.v_dw", 0.1, "V"), ("operating_point.v_dw", "auto", "1"), ("seed", 3, "1"),
        ("operating_point.load", 16e-9, "s"), ("process.grid", 1e-9, "m"), ("task.time_limit", 1e-6, "s"),
        ("process.layers.m3.sheet_resistance", 1.0, "ohm"), ("network.tapers.drive.narrow", 5e-8, "m"),
        ("device.dynamics.parameters.wall_width", 8e-9, "m"), ("device.dynamics.parameters.damping", 0.02, "1"),
    ):  # fmt: skip
        assert field_unit(design, path, value) == unit, path


def test_what_is_not_described_is_found():
    about = {"units": "V", "long_name": "so"}
    data = xr.Dataset({"a": ("source", [1.0], about)}, coords={"b": 1.0})
    assert undescribed(data) == ["b: no units", "b: no long_name", "source: no coordinate"]
    assert unmarked({"seed": 1, "note": [1, 2]})[0] == "no design"
