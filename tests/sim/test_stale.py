"""Compiled code of a package goes when any of its sources changed, and only then."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import sim
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


def test_rooms_of_a_package_are_watched_and_only_the_sources_that_compiled_code_comes_from(tmp_path):
    room = tmp_path / "room"
    (room / "__pycache__").mkdir(parents=True)
    plain, compiled = tmp_path / "plain.py", room / "compiled.py"
    plain.write_text("a = 1\n"), compiled.write_text("b = 1\n")
    code = room / "__pycache__" / "f.nbi"
    for changed, kept in ((None, False), (plain, True), (compiled, False)):
        code.write_bytes(b"code")
        if changed:
            changed.write_text("c = 2\n")
        drop_stale(tmp_path, [compiled])
        assert code.exists() == kept


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


def test_importing_an_engine_deletes_nothing(tmp_path):
    """A library may be imported to look at it; what is out of date goes with the first run."""
    root = Path(sim.__file__).parents[1]
    for room in ("sim", "hwlib"):
        shutil.copytree(root / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    cache = tmp_path / "sim" / "engines" / "layout" / "__pycache__"
    cache.mkdir()
    (cache / "old.nbi").write_bytes(b"code")
    done = subprocess.run(
        [sys.executable, "-c", "import sim.engines.layout as engine; print(engine.__file__)"], cwd=tmp_path, text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith(str(tmp_path))
    assert (cache / "old.nbi").exists()
