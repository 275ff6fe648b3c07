"""What is shipped is complete, and the core works without the extras, which it names where it needs them."""

from __future__ import annotations

import os
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support import fresh_environments, fresh_installation

FULL = bool(os.environ.get("SPINHOP_FULL"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fresh_installation.build("wheel", tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def core(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel with what ``pip install spinhop`` brings, no extra."""
    folder = fresh_installation.bring(tmp_path_factory.mktemp("core"), wheel)
    assert not any(
        (folder / name).exists()
        for name in ("gdsfactory", "klayout", "matplotlib", "dask", "optuna", "IPython", "zarr", "dwave", "PIL")
    )
    return folder


@pytest.fixture
def spinhop_core(core, tmp_path):
    """Run spinhop as ``pip install spinhop`` leaves it: ``(code, out, err)``."""
    tiny = "name: tiny\nnetwork: {neurons: 3, weights: {patterns: ['010']}}\ntask: {trials: 2}\n"
    search = "search: {axes: {operating_point.weight: [40 mV, 150 mV]}, objectives: [time], trials: 2}\n"
    study = "name: two\ndesign: tiny.yaml\nwires: ideal\nmethod: grid\naxes: {seed: [1, 2]}\n"
    texts = {"tiny.yaml": tiny, "search.yaml": tiny + search, "study.yaml": study, "graph.txt": "2 1\n1 2 1\n"}
    for name, text in {**texts, "a.png": "\x89PNG"}.items():
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
        (["sweep", "study.yaml"], "study"),
        (["maxcut", "graph.txt", "--ideal"], "tasks"),
        (["image", "a.png", "--ideal"], "tasks"),
        (["optimize", "search.yaml"], "search"),
    ],
    ids=lambda each: each if isinstance(each, str) else each[0],
)
def test_command_says_in_one_line_which_extra_it_needs(spinhop_core, arguments, extra):
    _one_line(extra, *spinhop_core(*arguments))


def test_studies_ask_for_several_processes_where_they_are_wanted(wheel, spinhop_core, tmp_path):
    folder = fresh_installation.bring(tmp_path / "packages", wheel, ("study",))
    command = ["sweep", "study.yaml", "--workers", "2"]
    done = fresh_installation.python(folder, "-m", "spinhop", *command, cwd=tmp_path)
    _one_line("cluster", done.returncode, done.stdout, done.stderr)


def _one_line(extra, code, out, err):
    assert (code, out) == (2, "")
    line, *more = err.splitlines()
    assert not more and line.startswith(f"spinhop: this needs spinhop[{extra}] (") and len(line) <= 200
    assert line.endswith(f"pip install 'spinhop[{extra}]'")


@pytest.mark.skipif(not FULL, reason="fresh environments: minutes each; make fresh")
@pytest.mark.parametrize(("version", "python"), list(fresh_environments.interpreters()), ids=lambda each: str(each))
@pytest.mark.parametrize("extra", ["", "all"])
def test_fresh_environment_works(wheel, tmp_path, version, python, extra):
    """The source archive without extras, and the wheel with all of them."""
    if python is None:
        pytest.skip(f"no Python {version} here")
    archive = f"{wheel}[all]" if extra else str(fresh_installation.build("sdist", tmp_path))
    bin_ = fresh_environments.install(python, tmp_path / "environment", archive)
    (fresh_environments.try_all if extra else fresh_environments.try_core)(bin_, tmp_path)
