"""Compiled code that cannot be stored or read again: one line that says where, and no process left at work."""

from __future__ import annotations

import importlib.util
import os
import resource
from pathlib import Path

import pytest

from spinhop.cli import guarded
from tests.support.processes import nothing_left, start, wait_for_helper
from tests.support.small_disk import NO_MOUNT, MountError, small_disk

FULL = bool(os.environ.get("SPINHOP_FULL"))
CODE = "from numba import njit\n@njit(cache=True)\ndef twice(x):\n    return 2 * x\n"
DESIGN = "name: tiny\nnetwork: {neurons: 3}\ntask: {trials: 2}\n"
ROOM = 4096  # less than the code of any function of an engine


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


def _limited():
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("how", ["limit", "disk"] if FULL else ["limit"])
def test_no_room_for_what_two_processes_compile(tmp_path, how):
    """The command ends in one line, its helper with it; with room it goes on."""
    (tmp_path / "d.yaml").write_text(DESIGN)
    cache = tmp_path / "cache"
    command = ("simulate", "d.yaml", "-o", "out", "--ideal")
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    if how == "disk":
        try:
            with small_disk(cache, 4 * ROOM):
                _ended_for_lack_of_room(start(*command, cwd=tmp_path, env=environment), cache)
        except MountError:
            pytest.skip(NO_MOUNT)
    else:
        _ended_for_lack_of_room(start(*command, cwd=tmp_path, env=environment, within=_limited), cache)
    if FULL:
        again = start(*command, cwd=tmp_path, env=environment)
        _, err = again.communicate(timeout=600)
        assert again.returncode == 0 and "spinhop:" not in err


def _ended_for_lack_of_room(process, cache):
    helper = wait_for_helper(process)
    _, err = process.communicate(timeout=60)
    *stages, line = err.splitlines()
    assert process.returncode == 2 and not [each for each in stages if each.startswith("spinhop:")], err
    assert "File too large" in line or "No space left on device" in line
    assert line.startswith((f"spinhop: {cache}", "spinhop: compiled code (beside the sources, or in NUMBA_CACHE_DIR)"))
    nothing_left(process.pid)
    assert helper and not list(cache.rglob("*.tmp.*"))
