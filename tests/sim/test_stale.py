"""Compiled code of a package goes when any of its sources changed, and only then."""

import os
import time

from hwlib.errors import InputError
from sim.engines.stale import drop_stale


def test_compiled_code_goes_with_any_change_of_the_sources(tmp_path):
    package, cache = tmp_path / "package", tmp_path / "package" / "__pycache__"
    package.mkdir()
    (package / "caller.py").write_text("from callee import f\n")
    (package / "callee.py").write_text("f = 1\n")
    drop_stale(package)
    compiled = [cache / "caller.g-1.py311.nbi", cache / "caller.g-1.py311.1.nbc"]
    for path in compiled:
        path.write_bytes(b"code")
    drop_stale(package)
    assert all(path.exists() for path in compiled)
    (package / "callee.py").write_text("f = 2\n")
    drop_stale(package)
    assert not any(path.exists() for path in compiled)


def test_code_of_unknown_origin_goes(tmp_path):
    cache = tmp_path / "__pycache__"
    cache.mkdir()
    (cache / "old.nbi").write_bytes(b"code")
    (cache / "old.cpython-311.pyc").write_bytes(b"not Numba's")
    drop_stale(tmp_path)
    assert not (cache / "old.nbi").exists() and (cache / "old.cpython-311.pyc").exists()


def test_a_cache_that_cannot_be_changed_is_left_alone(tmp_path):
    (tmp_path / "__pycache__").write_text("a file where the folder should be")
    drop_stale(tmp_path)
    assert (tmp_path / "__pycache__").read_text()


def test_what_a_killed_process_was_writing_goes_an_hour_later(tmp_path):
    cache = tmp_path / "__pycache__"
    cache.mkdir()
    old, new = cache / "f-1.py311.1.nbc.tmp.0123456789abcdef", cache / "g-1.py311.nbi.tmp.0123456789abcdef"
    for path, age in ((old, 4000), (new, 10)):
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age,) * 2)
    drop_stale(tmp_path)
    assert not old.exists() and new.exists()


def test_a_full_disk_is_left_alone(tmp_path, monkeypatch):
    def full(path, write):
        raise InputError(f"{path}: cannot be written (No space left on device)")

    monkeypatch.setattr("sim.engines.stale.write_atomic", full)
    (tmp_path / "__pycache__").mkdir()
    drop_stale(tmp_path)
