"""Files and folders that Python callers give: texts serve as paths do."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

import sim
import spinhop as face
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.extraction import write_spef
from hwlib.network_file import write_network
from hwlib.process import load_process
from hwlib.schematic import ideal_network

TEXT = "name: tiny\nnetwork: {neurons: 2}\ntask: {kind: recall, trials: 1}\n"


def _paths_only() -> list[str]:
    """Arguments of public calls that may be a path and no text."""
    found = []
    for room in ("hwlib", "sim", "layouts", "spinhop"):
        module = importlib.import_module(room)
        for name in dir(module):
            call = getattr(module, name)
            if not inspect.isfunction(call) or name.startswith("_"):
                continue
            kinds = {argument: set(str(hint).split(" | ")) for argument, hint in call.__annotations__.items()}
            kinds.pop("return", None)
            found += [f"{room}.{name}: {at}" for at, each in kinds.items() if "Path" in each and "str" not in each]
    return found


def test_every_public_call_says_that_it_takes_texts():
    assert _paths_only() == []


@pytest.fixture
def design(tmp_path) -> str:
    (tmp_path / "tiny.yaml").write_text(TEXT)
    return str(tmp_path / "tiny.yaml")


def test_a_run_and_its_report(design, tmp_path):
    """``out="run"`` ended in a traceback."""
    folder = str(tmp_path / "run")
    assert face.run_design(design, "recall ideal", out=folder).folder == Path(folder)
    assert face.run_design(design, "layout", out=folder).path("layout.gds").exists()
    drawn = face.run_design(design, "extract", out=str(tmp_path / "again"), layout=f"{folder}/layout.gds")
    assert drawn.path("network.nc").exists()
    assert face.view_design(design, str(tmp_path / "views"))
    assert load_process(Path(folder) / "process.yaml").name == "ebeam" == load_process("ebeam").name


@pytest.mark.parametrize("path", ["", ".", "/", "a\0b", "\ud800", "a" * 300])
def test_what_no_file_or_folder_can_be_called_is_refused_in_a_line(path, design, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = ideal_network(Design(name="tiny", network={"neurons": 2}), load_process("ebeam"))
    point = sim.protocol_for(Design(name="tiny", network={"neurons": 2}), load_process("ebeam"))
    for write in (
        lambda: write_network(network, path),
        lambda: write_spef(network, path),
        lambda: face.run_design(design, "recall ideal", out=path),
        lambda: face.characterise(design, path),
        lambda: sim.run_batch(network, [point], checkpoint=path),
    ):
        with pytest.raises(InputError, match=r"no name of a file|is a folder|not empty and no|has the study itself"):
            write()
    assert [each.name for each in tmp_path.iterdir()] == ["tiny.yaml"]


def test_what_there_is_not_is_refused_in_a_line(design, tmp_path):
    with pytest.raises(InputError, match=r"^goal: 'all', allowed: run, layout, extract"):
        face.run_design(design, "all", out=str(tmp_path / "run"))
    with pytest.raises(InputError, match=r"^task.kind: missing, allowed: recall, images, maxcut"):
        face.task_design({"graph": "g.txt"})
    with pytest.raises(InputError, match=r"^style: 'rail', allowed: rails, lines"):
        ideal_network(Design(name="tiny", network={"neurons": 2}), load_process("ebeam"), style="rail")
    for name, given in (("v_dw", "20 mV"), ("temperatures", "300 K"), ("supplies", 0.9)):
        with pytest.raises(InputError, match=rf"^{name}: {given!r}, allowed: a list$"):
            face.characterise(design, **{name: given})
    with pytest.raises(InputError, match=r"results: no results of sweep"):
        face.plot_store(str(tmp_path / "results"))
    assert not list(tmp_path.glob("*/"))


def test_a_checkpoint_needs_room_for_the_names_beside_it(tmp_path):
    design, process = Design(name="tiny", network={"neurons": 2}), load_process("ebeam")
    network, point = ideal_network(design, process), sim.protocol_for(design, process)
    with pytest.raises(InputError, match=r"File name too long"):
        sim.run_batch(network, [point], checkpoint=tmp_path / ("a" * 250))
    with pytest.raises(InputError, match=r"cannot write there \(it is a folder\)"):
        sim.run_batch(network, [point], checkpoint=tmp_path)
