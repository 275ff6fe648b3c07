"""Whole runs on a disk that is too small: one line, and the folder goes on when there is more room."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest

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
