"""Whole runs on a disk that is too small: one line, and the folder goes on when there is more room."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import layouts
from hwlib.errors import StorageError
from hwlib.storage.writing import write_bytes
from spinhop.study.study_store import StudyStore
from tests.support.processes import nothing_left, start, wait_for_helper
from tests.support.small_disk import NO_MOUNT, MountError, largest_file, resize, small_disk

DESIGN = "name: tiny\nnetwork: {neurons: 3}\ntask: {trials: 2}\n"
FULL = bool(os.environ.get("SPINHOP_FULL"))
COMMANDS = ("run",), ("check",), ("spice", "--ideal")
ALL = [(COMMANDS[k % 3], how) for k, how in enumerate(("limit", "disk") * 3)]  # a sample: each command once
GROWTH = 1.15 if FULL else 3.0  # from one try to the next, of commands that write much
FIRST = 4096


def _refused(code: int, err: str, folder: Path) -> bool:
    """Whether a command ended for lack of room, in one line that names a file of the folder."""
    if code == 0:
        return False
    *stages, line = err.splitlines()
    assert code == 2 and line.startswith(f"spinhop: {folder}"), err
    assert "No space left on device" in line or "File too large" in line, err
    assert not [stage for stage in stages if stage.startswith("spinhop:")]
    assert not [path for path in folder.rglob(".spinhop-*")]
    return True


@pytest.mark.parametrize(("arguments", "how"), ALL if FULL else ALL[:3], ids=str)
def test_a_run_goes_on_when_there_is_room_again(spinhop, design_file, tmp_path, arguments, how):
    disk = tmp_path / "disk"
    command, out = [arguments[0], design_file(DESIGN), *arguments[1:]], disk / "run"
    growth = GROWTH if arguments[0] != "spice" else min(GROWTH, 1.7)
    refusals, size, done = 0, FIRST, False
    with contextlib.ExitStack() as stack:
        if how == "disk":
            try:
                stack.enter_context(small_disk(disk, size))
            except MountError:
                pytest.skip(NO_MOUNT)
        while not done:
            with largest_file(size) if how == "limit" else contextlib.nullcontext():
                code, _, err = spinhop(*command, "--out", out)
            if code == 1 and arguments[0] in ("check", "run"):  # the checks were made, and found something
                code = 0
            done = not _refused(code, err, out)
            refusals += not done
            size = int(size * growth) // FIRST * FIRST + FIRST
            assert size < 2**28
            if how == "disk":
                resize(disk, size)
        assert refusals >= 3
        manifest = json.loads((out / "manifest.json").read_text())
        for record in manifest["stages"].values():
            assert all((out / name).stat().st_size for name in record["files"])
        code, _, err = spinhop(*command, "--out", out)
        assert code in (0, 1) and err.count("unchanged") == len(err.splitlines())


@pytest.mark.skipif(not FULL, reason="draws, and compiles what fits")
def test_no_room_for_what_two_processes_compile(tmp_path):
    """The command ends in one line, its helper with it; with room it goes on."""
    (tmp_path / "d.yaml").write_text(DESIGN)
    cache, command = tmp_path / "cache", ("simulate", "d.yaml", "-o", "out")
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    try:
        with small_disk(cache, 4 * FIRST):
            process = start(*command, cwd=tmp_path, env=environment)
            wait_for_helper(process)
            _, err = process.communicate(timeout=300)
            *stages, line = err.splitlines()
            assert process.returncode == 2 and "No space left on device" in line, err
            assert line.startswith((f"spinhop: {cache}", "spinhop: compiled code (beside the sources, or in NUMBA_"))
            assert not [each for each in stages if each.startswith("spinhop:")]
            nothing_left(process.pid)
            assert not list(cache.rglob("*.tmp.*"))
    except MountError:
        pytest.skip(NO_MOUNT)
    again = start(*command, cwd=tmp_path, env=environment)
    _, err = again.communicate(timeout=600)
    assert again.returncode == 0 and "layout                 unchanged" in err, err


SEARCH = DESIGN + "process: copper_thick\nsearch: {axes: {s: [1, 4]}, objectives: [time], trials: 1}\n"
STUDY = "name: s\ndesign: design.yaml\nwires: drawn\naxes: {device.tmr: [2]}\n"
JUDGES = {  # what draws designs out of sight, and which of them has no room
    "sweep": (STUDY, 0), "yield": (DESIGN + "variation: {defects: {stuck_off: 0.1}}\n", 0), "optimize": (SEARCH, 0),
    "atlas": (DESIGN, 0), "order": (DESIGN, 1),
}  # fmt: skip
ONE = ("--workers", 1)
OPTIONS = {
    "sweep": ONE, "yield": ("--chips", 1, *ONE), "optimize": ONE, "order": ("--tries", 1, "--rules-only"),
    "atlas": ("--rules-only", "--process", "copper", "--style", "rails", "--s", 1, "--largest", 4, *ONE),
}  # fmt: skip


@pytest.mark.parametrize("command", JUDGES)
def test_no_room_to_draw_is_no_verdict_on_a_design(command, tmp_path, spinhop, monkeypatch):
    """Points were kept as refused, chips as ones that do not work, and an atlas said that nothing can be drawn."""
    text, first = JUDGES[command]
    path = tmp_path / f"{command}.yaml"
    path.write_text(text)
    (tmp_path / "design.yaml").write_text(DESIGN)
    arguments = (command, path, "--out", tmp_path / ("out.yaml" if command == "order" else "out"), *OPTIONS[command])
    write, count = layouts.write_layout, iter(range(99))

    def full(component, path):
        if next(count) < first:
            return write(component, path)
        with largest_file(1):
            return write(component, path)

    with monkeypatch.context() as patch:
        patch.setattr(layouts, "write_layout", full)
        code, out, err = spinhop(*arguments)
    assert code == 2 and "layout.oas: cannot " in err and err.count("\n") == 1 and not out
    code, out, err = spinhop(*arguments)
    assert code in (0, 1) and "cannot" not in out + err


def test_a_package_goes_on_when_there_is_room_again(tmp_path, spinhop):
    """Cut off before its mark, a package for KLayout was taken for a folder of somebody else, for ever."""
    command, tech = ("technology", "copper", "--out", tmp_path / "out"), tmp_path / "out" / "tech"
    for size in (100, 3000):
        with largest_file(size):
            code, _, err = spinhop(*command)
        assert code == 2 and "out/" in err and "File too large" in err and err.count("\n") == 1, err
    (tech / "copper" / ".spinhop-0123456789abcdef.lym").touch()  # of a killed one
    assert spinhop(*command)[0] == 0
    assert not list(tech.rglob(".spinhop-*")) and (tech / "copper" / "copper.lyt").is_file()


LINES = "name: lines\nnetwork: {neurons: 3, weight_style: lines}\ntask: {trials: 1}\n"


TOGETHER = {
    "train": ("lines.yaml", "--out", "disk/new.yaml"), "examples": ("copy", "maxcut_8", "--out", "disk"),
}  # fmt: skip


@pytest.mark.parametrize("command", TOGETHER)
def test_files_that_belong_together_are_all_written_or_none(tmp_path, spinhop, monkeypatch, command):
    """A table whose design had no room was left, and refused the next start."""
    monkeypatch.chdir(tmp_path)
    Path("lines.yaml").write_text(LINES)
    disk = tmp_path / "disk"
    try:
        with small_disk(disk, FIRST):
            code, out, err = spinhop(command, *TOGETHER[command])
            assert code == 2 and "No space left on device" in err and err.count("\n") == 1 and not out, err
            assert list(disk.iterdir()) == []
            resize(disk, 2**20)
            assert spinhop(command, *TOGETHER[command])[0] in (0, 1) and len(list(disk.iterdir())) == 2
    except MountError:
        pytest.skip(NO_MOUNT)


def _without_room(write: Callable[..., None]) -> Callable[..., None]:
    def full(*arguments: object) -> None:
        with largest_file(10):
            write(*arguments)

    return full


def test_a_store_that_has_no_room_is_named(tmp_path, spinhop, monkeypatch):
    """Zarr does not say which file it was; it was taken for standard output."""
    (tmp_path / "design.yaml").write_text(DESIGN)
    (tmp_path / "study.yaml").write_text(STUDY.replace("drawn", "ideal"))
    out = tmp_path / "out"
    arguments = ("sweep", tmp_path / "study.yaml", *ONE, "--out", out)
    for what in ("_make", "write"):
        with monkeypatch.context() as patch:
            patch.setattr(StudyStore, what, _without_room(getattr(StudyStore, what)))
            code, _, err = spinhop(*arguments)
        assert code == 2 and err == f"spinhop: {out}/results.zarr: cannot be written (File too large)\n", err
    assert spinhop(*arguments)[0] in (0, 1) and not list(out.rglob("*.partial"))


def test_what_cannot_be_written_says_so_by_its_kind(tmp_path):
    with largest_file(1), pytest.raises(StorageError, match=r"a: cannot be written \(File too large\)"):
        write_bytes(tmp_path / "a", b"12")
    assert not list(tmp_path.iterdir())
