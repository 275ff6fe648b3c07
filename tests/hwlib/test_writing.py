"""Files are written whole or not at all: full disks, killed writers, permissions."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hwlib.errors import InputError, StorageError
from hwlib.storage.writing import replacing, sweep, write_atomic, write_together
from tests.support.every_writer import CANNOT_MOUNT
from tests.support.small_disk import NO_MOUNT

EVERY_WRITER = Path(__file__).resolve().parents[1] / "support" / "every_writer.py"


def test_replacing_writes_whole_files(tmp_path):
    path = tmp_path / "new" / "f.txt"
    write_atomic(path, lambda p: p.write_text("one"))
    assert path.read_text() == "one"
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "one"
    assert [p.name for p in path.parent.iterdir()] == ["f.txt"]


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "none"])
def test_of_two_that_make_a_file_at_once_one_does(tmp_path, links, monkeypatch):
    """Both found no file there; the later one replaced the other's."""
    if not links:
        monkeypatch.setattr(os, "link", lambda *_, **__: (tmp_path / "no such").stat())
    path = tmp_path / "f.txt"
    told = pytest.raises(InputError, match=r"f\.txt: exists already; choose another name or give --force")
    with told, replacing(path, replace=False) as late:
        late.write_text("late")
        write_atomic(path, lambda early: early.write_text("early"), replace=False)
    assert path.read_text() == "early"
    assert [p.name for p in tmp_path.iterdir()] == ["f.txt"]
    write_together({path: b"late", tmp_path / "g.txt": b"late"})
    assert path.read_text() == "late"
    (tmp_path / "g.txt").write_text("theirs")
    with pytest.raises(InputError, match="exists already"):
        write_together({tmp_path / "h.txt": b"mine", tmp_path / "g.txt": b"mine"}, replace=False)
    assert (tmp_path / "g.txt").read_text() == "theirs" and not (tmp_path / "h.txt").exists()


def test_replacing_keeps_the_suffix_for_writers_that_go_by_it(tmp_path):
    with replacing(tmp_path / "a.oas") as temporary:
        assert temporary.suffix == ".oas"
        assert temporary.parent == tmp_path


@pytest.mark.parametrize("below", ["x", "x/y/z"])
@pytest.mark.parametrize("lost", [False, True])
def test_folder_that_is_a_file(tmp_path, below, lost):
    """Also a link that leads nowhere; it said "File exists" of a file that did not."""
    above = tmp_path / "taken"
    above.symlink_to("nowhere") if lost else above.write_text("kept")
    with pytest.raises(InputError, match=rf"taken/{below}: cannot write there \({above} is no folder\)$"):
        write_atomic(above / below, lambda p: p.write_text("new"))


def test_a_file_that_is_a_folder(tmp_path):
    (tmp_path / "x" / "y").mkdir(parents=True)
    with pytest.raises(InputError, match=r"x: cannot be written \(Is a directory\)"):
        write_atomic(tmp_path / "x", lambda p: p.write_text("text"))
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("through", ["itself", "link"])
def test_a_device_or_pipe_is_not_replaced(tmp_path, through):
    """As root even /dev/null would become a file, for every program on the machine."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    path = pipe if through == "itself" else tmp_path / "link"
    if through == "link":
        path.symlink_to(pipe)
    with pytest.raises(InputError, match="it is no regular file"):
        write_atomic(path, lambda p: p.write_text("x"))
    assert stat.S_ISFIFO(path.stat().st_mode) and path.is_symlink() == (through == "link")


def test_a_name_as_long_as_can_be(tmp_path):
    path = tmp_path / ("n" * 251 + ".txt")
    assert write_atomic(path, lambda p: p.write_text("text")).read_text() == "text"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_unwritable_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="cannot write there"), replacing(tmp_path / "x"):
        pass


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_permissions_are_those_of_any_new_file(tmp_path, mask):
    before = os.umask(mask)
    try:
        path = write_atomic(tmp_path / "x", lambda p: p.write_text("text"))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_an_error_of_another_file_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        write_atomic(tmp_path / "x", lambda p: (tmp_path / "absent").read_text())


@pytest.mark.parametrize("how", ["disk", "limit"])
def test_no_writer_leaves_a_cut_off_file_or_crashes_when_there_is_no_room(tmp_path, how):
    command = [sys.executable, str(EVERY_WRITER), str(tmp_path), how]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode == CANNOT_MOUNT:
        pytest.skip(NO_MOUNT)
    assert (done.returncode, done.stderr) == (0, "")


def test_only_what_killed_writers_left_is_swept(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path; from hwlib.storage.writing import replacing\n"
        "with replacing(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    for name in ("layout.gds", "noted"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=False)
    left = set(tmp_path.iterdir())
    assert len(left) == 2
    kept = [tmp_path / name for name in (".spinhop", ".spinhop-notes.txt", ".lock", "spinhop-0123456789abcdef")]
    for path in kept:
        path.write_text("mine")
    sweep(tmp_path, tmp_path / "absent")
    assert set(tmp_path.iterdir()) == set(kept)
