"""Designs, processes, quantities and matrices that nobody would write: refused in short lines, or taken."""

from __future__ import annotations

import contextlib
import itertools
import os
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwlib.storage.yaml_text import read_yaml, yaml_text
from tests.support.fuzzing import NASTY_TEXTS, damaged, fuzz, judged, mutated

DESIGN = """\
name: tiny
process: ebeam
seed: 1
device: {track_length: 100 nm, track_width: 50 nm, pillar_width: 20 nm, pillar_position: 0.5, lande_factor: 2.1, tmr: 3,
         saturation_magnetization: 8e5 A/m, resistance_area: 0.5 ohm*um^2, r_parallel: 500 ohm, breakdown_voltage: 1 V}
network:
  neurons: 2
  weight_style: rails
  soma_placement: diagonal
  dendrite_width: 40 nm
  weights: {matrix: [[0, 1], [-1, 0]]}
operating_point: {v_dw: 20 mV, v_charge: 0.1 V, weight: 0.1 V, axon_leak: -5 m/s, soma_leak: 0.2 m/s, load: 16 ns}
task: {kind: recall, trials: 1, starts: ["10"], time_limit: 50 ns}
waivers: {current.m1: because it is short}
"""
PROCESS = resources.files("hwlib").joinpath("processes", "ebeam.yaml").read_text(encoding="utf-8")
UNITS = st.text("0123456789.eE+- nmuVsAohm*/^()²µΩ", max_size=100)
NUMBERED = itertools.count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def _written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content)
    return path


def _refused_or_taken(folder: Path, path: Path) -> None:
    """The design is read with all it refers to; what is read can be judged, and reads back as a run writes it."""
    from hwlib.design import load_design
    from hwlib.errors import InputError
    from hwlib.schematic import ideal_network
    from sim.judgement import judge
    from spinhop.run_folder.inputs import write_inputs

    try:
        design = load_design(path)
    except InputError:
        code, _ = judged("check", path, "--out", folder / "run")
        assert code == 2 and not (folder / "run").exists()
        return
    out = folder / f"run{next(NUMBERED)}"
    out.mkdir()
    process = design.load_process()
    write_inputs(out, path, design, process)
    with contextlib.suppress(InputError):
        assert judge(ideal_network(design, process), design, process).outcomes
    back = load_design(out / "design.yaml")
    skipped = {"process": True, "network": {"weights"}, "task": {"pictures", "graph", "graphs"}}  # copies are named
    assert back.model_dump(mode="json", exclude=skipped) == design.model_dump(mode="json", exclude=skipped)


@fuzz("mutated designs")
@given(mutated(read_yaml(DESIGN).data))
def test_mutated_designs(folder, data):
    _refused_or_taken(folder, _written(folder, "tiny.yaml", yaml_text(data)))


TASKS = [
    {"kind": "images", "pictures": ["a.txt"], "distortion": [0.1], "trials": 1, "threshold": 0.5, "invert": False},
    {"kind": "maxcut", "graph": "g.txt", "mapping": "paper", "prove": "1 s", "required_share": 0.5},
    {"kind": "maxcut", "graphs": ["g.txt", "g.txt"], "weight": "w"},
    {"kind": "recall", "distortion": [0.1, 0.5], "trials": 2},
]


@fuzz("tasks")
@given(st.sampled_from(TASKS).flatmap(lambda task: mutated({"name": "tiny", "task": task})))
def test_tasks(folder, data):
    _written(folder, "a.txt", "##.\n#..\n")
    _written(folder, "g.txt", "3 2\n1 2 1\n2 3 1\n")
    _refused_or_taken(folder, _written(folder, "tiny.yaml", yaml_text(data)))


@fuzz("damaged designs")
@given(damaged(DESIGN.encode()))
def test_damaged_designs(folder, content):
    _refused_or_taken(folder, _written(folder, "tiny.yaml", content))


@fuzz("processes")
@given(mutated(read_yaml(PROCESS).data) | damaged(PROCESS.encode()))
def test_processes(folder, content):
    content = content if isinstance(content, bytes) else yaml_text(content)
    _written(folder, "p.yaml", content)
    _refused_or_taken(folder, _written(folder, "tiny.yaml", "name: tiny\nprocess: p.yaml\nnetwork: {neurons: 2}\n"))


@fuzz("quantities")
@given(
    st.sampled_from(["device: {track_length", "network: {neurons: 2, drive_width", "operating_point: {axon_leak"]),
    UNITS | NASTY_TEXTS | st.text(max_size=40),
)
def test_quantities(folder, field, text):
    rest = "" if field.startswith("network") else "\nnetwork: {neurons: 2}"
    quoted = yaml_text(text, flow=True, width=10**6).removesuffix("...\n").strip()
    _refused_or_taken(folder, _written(folder, "tiny.yaml", f"name: tiny\n{field}: {quoted}}}{rest}\n"))


@fuzz("matrix files")
@given(damaged(b"0,1.5,-1\n1,0,2e-3\n-1,0.25,0\n") | st.text("0123456789.,-+eE\n nainf_", max_size=80).map(str.encode))
def test_matrix_files(folder, content):
    _written(folder, "w.csv", content)
    text = "name: tiny\nnetwork: {neurons: 3, weights: {matrix_file: w.csv}}\n"
    _refused_or_taken(folder, _written(folder, "tiny.yaml", text))


@pytest.mark.parametrize("kind", ["fifo", "folder", "device", "large"])
def test_a_design_that_is_no_text_file(tmp_path, kind):
    path = tmp_path / "d.yaml"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.write_bytes(b"name: " + b"x" * 10_000_000)
    code, said = judged("check", path, "--out", tmp_path / "run")
    assert code == 2 and said.count("\n") == 1 and "d.yaml: " in said
