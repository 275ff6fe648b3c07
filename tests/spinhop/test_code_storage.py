"""Compiled code and bytecode that can be stored nowhere, or cannot be read again: one line that says where."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

import spinhop
from spinhop.cli import guarded

CODE = "from numba import njit\n@njit(cache=True)\ndef twice(x):\n    return 2 * x\n"


@pytest.fixture
def stored(tmp_path):
    """A module with a function that is compiled and stored, and loads it when it is made again."""
    path = tmp_path / "stored.py"
    path.write_text(CODE)

    def made():
        spec = importlib.util.spec_from_file_location("stored", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return made


@pytest.mark.parametrize("content", [b"", b"junk", b"\x80\x04"], ids=repr)
@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_damaged_code_is_named(stored, tmp_path, capsys, suffix, content):
    assert stored().twice(21) == 42
    (file,) = tmp_path.rglob(f"*.{suffix}")
    file.write_bytes(content)
    assert guarded(lambda: stored().twice(21)) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"spinhop: {file.parent}: compiled code is damaged (") and err.count("\n") == 1
    for each in tmp_path.rglob("*.nb[ic]"):  # as the line says
        each.unlink()
    assert guarded(lambda: print(stored().twice(21))) == 0
    assert capsys.readouterr() == ("42\n", "")


@pytest.mark.parametrize(
    "name",
    ["hwlib/cells/__init__.py", "spinhop/cli.py", "spinhop/pages/finding_list.py"],
    ids=["command", "line", "early"],
)
def test_bytecode_that_a_full_disk_cut_off_is_named(tmp_path, name):
    """Python stores what fits, and ends in the middle of it ever after."""
    root = Path(spinhop.__file__).parents[1]
    cache = tmp_path / "cache"
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(cache), "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    stored = cache / root.relative_to("/") / name
    stored = stored.with_suffix(f".{sys.implementation.cache_tag}.pyc")
    py_compile.compile(root / name, cfile=stored)
    stored.write_bytes(stored.read_bytes()[:64])
    command = [sys.executable, "-m", "spinhop", "check", "--self-test", "--faults", "1"]
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("spinhop: ") and done.stderr.count("\n") == 1 and len(done.stderr) < 200
    assert "Python's bytecode is damaged (EOFError); remove the files *.pyc" in done.stderr


def test_code_that_can_be_stored_nowhere(stored, monkeypatch, capsys):
    def read_only(locator):
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr("numba.core.caching._CacheLocator.ensure_cache_path", read_only)
    assert guarded(stored) == 2
    assert capsys.readouterr().err == (
        "spinhop: compiled code can be stored neither beside the sources nor in the home folder; set NUMBA_CACHE_DIR "
        "to a folder that can be written\n"
    )


def test_other_errors_are_not_taken_for_it():
    with pytest.raises(RuntimeError, match="else"):
        guarded(lambda: (_ for _ in ()).throw(RuntimeError("something else")))
