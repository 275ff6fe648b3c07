"""What is shipped is complete, and the core works without the extras, which it names where it needs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support import fresh_installation

INTERPRETERS = ("python3.11", "python3.12", "python3.13")
FULL = bool(os.environ.get("SPINHOP_FULL"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fresh_installation.build("wheel", tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def core(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel with what ``pip install spinhop`` brings, no extra."""
    folder = fresh_installation.bring(tmp_path_factory.mktemp("core"), wheel)
    assert not any(
        (folder / name).exists() for name in ("gdsfactory", "klayout", "matplotlib", "dask", "optuna", "IPython")
    )
    return folder


@pytest.fixture
def spinhop_core(core, tmp_path):
    """Run spinhop as ``pip install spinhop`` leaves it: ``(code, out, err)``."""
    tiny = "name: tiny\nnetwork: {neurons: 3, weights: {patterns: ['010']}}\ntask: {trials: 2}\n"
    search = "search: {axes: {operating_point.weight: [40 mV, 150 mV]}, objectives: [time], trials: 2}\n"
    study = "name: two\ndesign: tiny.yaml\nwires: ideal\nmethod: grid\naxes: {seed: [1, 2]}\n"
    for name, text in {"tiny.yaml": tiny, "search.yaml": tiny + search, "study.yaml": study}.items():
        (tmp_path / name).write_text(text)

    def run(*arguments: str) -> tuple[int, str, str]:
        done = fresh_installation.python(core, "-m", "spinhop", *arguments, cwd=tmp_path)
        return done.returncode, done.stdout, done.stderr

    return run


def test_wheel_and_source_archive_have_every_file_of_the_rooms(wheel):
    wanted = {name for name in fresh_installation.tracked() if name.split("/")[0] in fresh_installation.ROOMS}
    assert len(wanted) > 300
    with zipfile.ZipFile(wheel) as archive:
        missing = wanted - set(archive.namelist())
        assert not missing and any(name.endswith("licenses/LICENSE") for name in archive.namelist())
    archived = fresh_installation.build("sdist", wheel.parents[1])
    with tarfile.open(archived) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert wanted | {"LICENSE", "README.md", "pyproject.toml"} <= names


def test_citation_says_the_version():
    citation = (fresh_installation.ROOT / "CITATION.cff").read_text(encoding="utf-8")
    project = (fresh_installation.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "(.+)"$', project, re.M)
    assert version and f"\nversion: {version[1]}\n" in citation


def test_core_simulates_ideal_wires(spinhop_core):
    assert spinhop_core("recall", "tiny.yaml", "--ideal", "--json")[0] == 0
    for arguments in (["new", "mine.yaml"], ["doctor"]):
        code, out, err = spinhop_core(*arguments)
        assert (code, err) == (0, "") and out, arguments


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["run", "tiny.yaml"], "layout"),
        (["extract", "tiny.yaml", "--layout", "tiny.yaml"], "report"),
        (["check", "--self-test", "--faults", "1"], "layout"),
        (["report", "runs/tiny"], "report"),
        (["sweep", "study.yaml", "--workers", "2"], "cluster"),
        (["optimize", "search.yaml"], "search"),
    ],
    ids=lambda each: each if isinstance(each, str) else each[0],
)
def test_command_says_in_one_line_which_extra_it_needs(spinhop_core, arguments, extra):
    code, out, err = spinhop_core(*arguments)
    assert (code, out) == (2, "")
    line, *more = err.splitlines()
    assert not more and line.startswith(f"spinhop: this needs spinhop[{extra}] (") and len(line) <= 200
    assert line.endswith(f"pip install 'spinhop[{extra}]'")


@pytest.mark.skipif(not FULL, reason="fresh environments: minutes each")
@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_fresh_environment_runs_an_example(wheel, tmp_path, interpreter):
    if shutil.which(interpreter) is None or subprocess.run([interpreter, "--version"], capture_output=True).returncode:
        pytest.skip(f"no {interpreter} here")
    subprocess.run([interpreter, "-m", "venv", tmp_path / "venv"], check=True)
    bin_ = tmp_path / "venv" / "bin"
    subprocess.run([bin_ / "pip", "install", "--quiet", f"{wheel}[all]"], check=True)
    subprocess.run([bin_ / "spinhop", "examples", "copy", "hopfield_8"], cwd=tmp_path, check=True)
    done = subprocess.run(
        [bin_ / "spinhop", "run", "hopfield_8.yaml", "--json"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) and (tmp_path / "runs" / "hopfield_8" / "report.html").is_file()
