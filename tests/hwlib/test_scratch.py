"""Scratch folders: removed at their end, or, left by a killed process, at the next start."""

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hwlib.storage.scratch import scratch_folder


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_is_removed_also_after_an_error(temporary):
    with pytest.raises(RuntimeError), scratch_folder() as folder:
        (folder / "x").write_text("x")
        raise RuntimeError
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_nothing_else(temporary):
    code = (
        "import os, signal; from hwlib.storage.scratch import scratch_folder\n"
        "with scratch_folder() as folder: (folder / 'big').write_text('x'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, env=os.environ | {"TMPDIR": str(temporary)})
    (left,) = temporary.iterdir()
    assert done.returncode == -signal.SIGKILL and (left / "big").exists()
    (temporary / "spinhop-notes").mkdir()
    (temporary / "spinhop-notes" / "mine").write_text("x")
    (temporary / "elsewhere").mkdir()
    (temporary / "elsewhere" / ".lock").touch()
    (temporary / "spinhop-link").symlink_to("elsewhere")
    with scratch_folder() as folder:
        kept = {folder.name, "spinhop-notes", "elsewhere", "spinhop-link"}
        assert {path.name for path in temporary.iterdir()} == kept


def test_those_of_living_processes_stay(temporary):
    with scratch_folder() as one, scratch_folder() as other:
        assert one.is_dir() and other.is_dir()
        with (one / ".lock").open("r+") as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
