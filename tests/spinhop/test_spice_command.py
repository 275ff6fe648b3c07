"""``spinhop spice``: files, the comparison with ngspice, and the line when ngspice is missing."""

import json
import shutil

import pytest
import xarray as xr

needs_ngspice = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")


def test_a_deck_needs_no_ngspice(spinhop, design_file, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    folder = tmp_path / "run"
    code, out, _ = spinhop("spice", design_file(), "--ideal", "--out", folder)
    assert code == 0
    assert out.strip() == str(folder / "ideal.cir")
    assert ".include ideal_network.inc" in (folder / "ideal.cir").read_text()
    assert ".subckt spinhop_network" in (folder / "ideal_network.inc").read_text()
    assert not (folder / "layout.gds").exists()


def test_without_ngspice_nothing_is_begun(spinhop, design_file, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    folder = tmp_path / "run"
    code, out, err = spinhop("spice", design_file(), "--run", "--out", folder)
    assert code == 2 and out == ""
    assert err.startswith("spinhop: ngspice: not found; install ngspice 39") and err.count("\n") == 1
    assert not folder.exists()


@needs_ngspice
@pytest.mark.parametrize("wires", ["ideal", "drawn"])
def test_ngspice_beside_the_engine(spinhop, design_file, tmp_path, wires):
    folder = tmp_path / "run"
    options = ["--run", "--out", folder, *(["--ideal"] if wires == "ideal" else [])]
    code, out, _ = spinhop("spice", design_file(), *options, "--json")
    assert code == 0
    outcome = json.loads(out)["outcome"]
    assert outcome["ngspice"]["state"] == outcome["engine"]["state"]
    with (
        xr.open_dataset(folder / f"{wires}_ngspice.nc", engine="h5netcdf") as seen,
        xr.open_dataset(folder / f"{wires}.nc", engine="h5netcdf") as known,
    ):
        assert seen.attrs["engine"] == "ngspice"
        assert bool(seen.at_rest) and set(seen.variables) == set(known.variables)
        # The last wall creeps at 0.3 m/s, little above the soma's leak: 0.01 L of it are 3.3 ns.
        assert float(seen.time_to_solution) == pytest.approx(float(known.time_to_solution), abs=3.3e-9)
    code, out, err = spinhop("spice", design_file(), *options)
    assert code == 0 and "ngspice" in out
    assert err.count("unchanged") == (3 if wires == "ideal" else 5)
