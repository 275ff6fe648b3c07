"""Compiled code that can be stored nowhere, or cannot be read again: one line that says where."""

from __future__ import annotations

import importlib.util

import pytest

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
