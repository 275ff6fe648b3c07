"""Folders of results: whose they are, and one process at a time in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hwlib.errors import InputError
from spinhop.folder_lock import hold

DESIGN = "name: mine\nnetwork: {neurons: 4}\ntask: {trials: 1}\n"
SEARCH = "search: {axes: {s: [4, 12]}, trials: 1}\n"
MINE = {
    "best_of_mine.yaml": "a", "trial_notes.yaml": "b", "best_3.yaml": "c", "design.yaml": "d", "index.html": "e",
    "context.json": "f", "characterisation.md": "g", "atlas.md": "h",
}  # fmt: skip


@pytest.fixture
def given(tmp_path):
    """Arguments of every command that fills a folder, and the folder, with somebody's files."""
    (tmp_path / "plain.yaml").write_text(DESIGN)
    (tmp_path / "search.yaml").write_text(DESIGN + SEARCH)
    (tmp_path / "made.yaml").write_text(DESIGN + "variation: {spreads: {resistance_area: {sigma: 0.05}}}\n")
    (tmp_path / "study.yaml").write_text("name: s\ndesign: plain.yaml\nwires: ideal\naxes: {seed: [1]}\n")
    folder = tmp_path / "out"
    folder.mkdir()
    commands = {
        "optimize": ["search.yaml", "--trials", 1, "--workers", 1], "sweep": ["study.yaml", "--workers", 1],
        "yield": ["made.yaml", "--ideal", "--chips", 1, "--workers", 1],
        "characterise": ["plain.yaml", "--ideal", "--workers", 1],
        "atlas": ["plain.yaml", "--rules-only", "--largest", 4, "--workers", 1, "--process", "copper", "--s", 1],
        "run": ["plain.yaml"],
    }  # fmt: skip
    return {
        name: [name, tmp_path / first, *more, "--out", folder] for name, (first, *more) in commands.items()
    }, folder  # fmt: skip


@pytest.mark.parametrize("command", ["optimize", "sweep", "yield", "characterise", "atlas", "run"])
def test_a_folder_of_somebody_else_is_left_alone(given, spinhop, command):
    commands, folder = given
    for name, text in MINE.items():
        (folder / name).write_text(text)
    code, _, err = spinhop(*commands[command])
    assert code == 2 and err.count("\n") == 1 and "out: not empty and no " in err, err
    assert {path.name: path.read_text() for path in folder.iterdir()} == MINE


@pytest.mark.parametrize("command", ["optimize", "sweep"])
def test_a_folder_that_a_start_left_at_its_beginning_goes_on(given, spinhop, command):
    """Killed before the file that says what the folder is; and one that is done takes files of its user."""
    commands, folder = given
    begun = {"optimize": "trial_0.yaml", "atlas": "atlas.md"}.get(command, "context.json")
    for name in (".lock", begun):
        (folder / name).write_text("")
    assert spinhop(*commands[command])[0] in (0, 1)
    for name in ("notes.txt", "best_of_mine.yaml", "trial_notes.yaml"):
        (folder / name).write_text("mine")
    assert spinhop(*commands[command])[0] in (0, 1)
    assert (folder / "best_of_mine.yaml").read_text() == (folder / "trial_notes.yaml").read_text() == "mine"
    assert not (folder / "trial_0.yaml").exists()


@pytest.mark.parametrize("kind", ["fifo", "folder", "link", "dangling", "device"])
def test_a_lock_that_is_no_file_is_refused(tmp_path, kind):
    """A FIFO waited for ever, and a link made a file elsewhere."""
    lock, other = tmp_path / "out" / ".lock", tmp_path / "other"
    lock.parent.mkdir()
    if kind == "link":
        other.write_text("")
    make = {"fifo": os.mkfifo, "folder": Path.mkdir, "device": lambda path: path.symlink_to("/dev/tty")}
    make.get(kind, lambda path: path.symlink_to(other))(lock)
    with pytest.raises(InputError, match=r"\.lock: not a regular file; remove it$"), hold(lock.parent, ()):
        pass
    assert other.exists() == (kind == "link") and [path.name for path in lock.parent.iterdir()] == [".lock"]
    lock.rmdir() if kind == "folder" else lock.unlink()
    with hold(lock.parent, ()), pytest.raises(InputError, match="a run is under way"), hold(lock.parent, ()):
        pass
