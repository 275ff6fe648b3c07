"""What is shipped is complete, and the core works without the extras, which it names where it needs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path

import jsonschema
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

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


def test_citation_holds_to_its_schema_and_says_the_version():
    root = fresh_installation.ROOT
    schema = json.loads((Path(__file__).parent / "data" / "cff-1.2.0.json").read_text(encoding="utf-8"))
    cited = YAML(typ="safe").load(root / "CITATION.cff")
    jsonschema.validate(cited, schema)
    with pytest.raises(jsonschema.ValidationError, match="license"):
        jsonschema.validate(cited | {"license": "Apache 2"}, schema)
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (cited["version"], cited["license"]) == (project["version"], project["license"])
    assert cited["abstract"].startswith(project["description"])


def test_container_file_copies_what_there_is():
    """Its instructions are known, what it copies is there, all rooms are among it, its shell lines parse."""
    root = fresh_installation.ROOT
    text = (root / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#")]
    assert lines[0][0] == "FROM" and {word for word, _ in lines} == {
        "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "ENTRYPOINT", "CMD",
    }  # fmt: skip
    copied = [word for name, rest in lines if name == "COPY" and "--from" not in rest for word in rest.split()[:-1]]
    assert {*fresh_installation.ROOMS, "pyproject.toml", "README.md", "LICENSE", "requirements.lock"} <= set(copied)
    assert all((root / name).exists() for name in copied)
    for name, rest in lines:
        if name == "RUN":
            subprocess.run(["sh", "-n", "-c", rest], check=True)


def test_every_package_is_pinned_within_its_range():
    """And by name and version alone: no address of wherever the lock was made."""
    root = fresh_installation.ROOT
    lines = [each for each in (root / "requirements.lock").read_text().splitlines() if not each.startswith("#")]
    assert [each for each in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", each)] == []
    pins = {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    kinds = {name: each for name, each in project["optional-dependencies"].items() if name not in ("dev", "peers")}
    wanted = [Requirement(text) for each in (project["dependencies"], *kinds.values()) for text in each]
    for each in (each for each in wanted if each.name != "spinhop"):
        assert each.specifier.contains(pins[canonicalize_name(each.name)]), each


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
