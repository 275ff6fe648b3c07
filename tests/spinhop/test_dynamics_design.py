"""Designs whose walls follow another law: read, run, reported; refused where it is not known or not supported."""

import pytest
import xarray as xr

from hwlib.design import load_design
from hwlib.process import load_process
from spinhop.pages.report_head import head
from spinhop.verdicts.next_step import NextStep

DESIGN = """\
name: coll
network: {neurons: 2}
device:
  dynamics:
    model: collective
    parameters: {damping: 0.5, anisotropy_field: 150 mT}
operating_point: {load: 0.5 ns}
task: {trials: 1, time_limit: 0.2 ns}
"""


@pytest.fixture
def design(tmp_path):
    path = tmp_path / "coll.yaml"
    path.write_text(DESIGN, encoding="utf-8")
    return path


def test_walls_and_angles_are_in_the_result_with_units(spinhop, design, tmp_path):
    folder = tmp_path / "run"
    code, _, err = spinhop("simulate", design, "--ideal", "--out", folder)
    assert code == 0, err
    with xr.open_dataset(folder / "ideal.nc", engine="netcdf4", decode_timedelta=False) as result:
        assert (result.attrs["dynamics"], result.attrs["engine"]) == ("collective", "reference")
        assert result.wall_final.attrs["units"] == "m"
        assert result.angle.dims == ("time", "device") and result.angle_final.dims == ("device",)
        assert result.angle.attrs["units"] == result.angle_final.attrs["units"] == "rad"
        assert abs(result.angle_final).max() > 0.01
    full = load_design(folder / "design.yaml").device.dynamics
    assert full.model == "collective" and full.parameters["damping"] == 0.5
    assert full.parameters["anisotropy_field"] == "150 mT" and full.parameters["wall_width"] == "8 nm"


def test_the_report_names_the_law(design):
    page = head(load_design(design), load_process("ebeam"), "drawn", [], NextStep("simulate it"), {})
    assert "collective dynamics: damping 0.5, anisotropy_field 150 mT" in page


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("damping: 0.5", "damping: 3", "6: device.dynamics.parameters.damping: 3.0 is outside 0.0001 to 1.0"),
        ("damping: 0.5", "dampng: 0.5",  "6: device.dynamics.parameters.dampng: unknown, did you mean 'damping'?"),
        ("150 mT", "0.15", "6: device.dynamics.parameters.anisotropy_field: 0.15 is not a quantity in T, allowed"),
        ("150 mT", "150 m", "6: device.dynamics.parameters.anisotropy_field: '150 m' is not a quantity in T"),
        ("model: collective", "model: walker", "5: device.dynamics.model: 'walker' is not known, allowed: kinematic"),
        ("model: collective", "modl: collective", "5: device.dynamics.modl: unknown key, did you mean 'model'?"),
        ("collective", "kinematic", "6: device.dynamics.parameters.anisotropy_field: unknown, allowed: damping"),
    ],
)  # fmt: skip
def test_what_a_law_does_not_take_is_refused_with_its_line(spinhop, design, tmp_path, old, new, said):
    design.write_text(DESIGN.replace(old, new), encoding="utf-8")
    code, out, err = spinhop("simulate", design, "--ideal", "--out", tmp_path / "run")
    assert code == 2 and out == ""
    assert f"coll.yaml:{said}" in err and max(map(len, err.splitlines())) <= 200
    assert not (tmp_path / "run").exists()


def test_engines_and_decks_of_kinematic_walls_refuse_it(spinhop, design, tmp_path):
    for engine in ("ideal", "layout"):
        code, _, err = spinhop("simulate", design, "--ideal", "--out", tmp_path / engine, "--engine", engine)
        assert code == 2 and f"engine {engine}: does not support collective walls" in err and err.count("\n") == 1
    code, _, err = spinhop("spice", design, "--ideal", "--out", tmp_path / "deck")
    assert code == 2 and "walls in SPICE decks are kinematic, the network's are collective" in err
    assert not list((tmp_path / "deck").glob("*.cir"))
