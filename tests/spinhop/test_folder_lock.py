"""Folders of results: whose they are, and one process at a time in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import hwlib
from hwlib.errors import InputError
from spinhop.optimize import optimize
from spinhop.run_folder.folder_lock import hold
from spinhop.study.chip_yield import yield_of
from spinhop.study.sweep_runner import sweep
from tests.spinhop.test_plot import result, store_in

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
    store = store_in(tmp_path / "store", {"seed": [1, 2]}, [result(works=1.0)] * 2)
    commands = {
        "optimize": ["search.yaml", "--trials", 1, "--workers", 1], "sweep": ["study.yaml", "--workers", 1],
        "yield": ["made.yaml", "--ideal", "--chips", 1, "--workers", 1],
        "characterise": ["plain.yaml", "--ideal", "--workers", 1],
        "atlas": ["plain.yaml", "--rules-only", "--largest", 4, "--workers", 1, "--process", "copper", "--s", 1],
        "run": ["plain.yaml"], "technology": [], "codesigned": [], "reproduce": ["--quick", "--no-drawn"],
        "plot": [store],
    }  # fmt: skip
    return {
        name: [name, *(tmp_path / each if str(each).endswith(".yaml") else each for each in rest), "--out", folder]
        for name, rest in commands.items()
    }, folder


WRITERS = [
    "optimize", "sweep", "yield", "characterise", "atlas", "run", "reproduce", "plot", "codesigned", "technology"
]  # fmt: skip


@pytest.mark.parametrize("command", WRITERS)
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


@pytest.mark.parametrize("command", WRITERS)
def test_a_mark_that_leads_nowhere_is_none(given, spinhop, command):
    commands, folder = given
    marks = {"optimize": "trials.json", "atlas": "points.json", "run": "manifest.json", "reproduce": "rows.csv",
             "plot": "index.html", "technology": "grain.xml"}  # fmt: skip
    (folder / marks.get(command, "results.zarr")).symlink_to("nothing")
    code, _, err = spinhop(*commands[command])
    assert code == 2 and err.count("\n") == 1 and "out: not empty and no folder of a " in err, err
    assert len(list(folder.iterdir())) == 1


BEGUN = {
    "optimize": "best_1.yaml", "sweep": "context.json", "yield": "context.json", "characterise": "context.json",
    "atlas": "atlas.md", "codesigned": "a.json", "reproduce": "index.html",
}  # fmt: skip


IN_PYTHON = {"optimize": optimize, "sweep": sweep, "yield": yield_of}


@pytest.mark.parametrize("command", BEGUN)
def test_workers_that_there_are_not_cost_no_results(given, spinhop, command):
    """A search removed the designs it had found before it asked whether a scheduler answers."""
    commands, folder = given
    name = BEGUN[command]
    for each in (".lock", name):
        (folder / each).write_text("kept")
    for options in (["--scheduler", "junk"], ["--workers", 0], ["--scheduler", "junk", "--force"]):
        code, _, err = spinhop(*commands[command], *options)
        assert code == 2 and err.count("\n") == 1 and ("none answers" in err or "0 is not in" in err), err
        assert {path.name: path.read_text() for path in folder.iterdir()} == dict.fromkeys([".lock", name], "kept")


@pytest.mark.parametrize("name", IN_PYTHON)
def test_workers_that_cannot_be_counted_cost_no_results_in_python(given, name):
    commands, folder = given
    for each in (".lock", BEGUN[name]):
        (folder / each).write_text("kept")
    with pytest.raises(InputError, match="workers: 0"):
        IN_PYTHON[name](commands[name][1], folder, workers=0, fresh=True)
    assert {path.read_text() for path in folder.iterdir()} == {"kept"}


def test_figures_go_where_figures_are(given, spinhop):
    """Again into a folder of a plot, with its user's notes; not into the results, nor a page of another."""
    commands, folder = given
    for _ in range(2):
        assert spinhop(*commands["plot"])[0] == 0
        (folder / "notes.txt").write_text("mine")
    (folder / "index.html").write_text("<title>my figures</title>")
    for out in (folder, commands["plot"][1]):
        code, _, err = spinhop("plot", commands["plot"][1], "--out", out)
        assert code == 2 and f"{out.name}: not empty and no folder of a plot" in err, err
    assert (folder / "index.html").read_text() == "<title>my figures</title>"


@pytest.mark.parametrize("command", ["drc-script", "lvs-script"])
def test_a_script_is_not_written_over_its_process(spinhop, tmp_path, command):
    path = tmp_path / "mine.yaml"
    path.write_text((Path(hwlib.__file__).parent / "processes" / "ebeam.yaml").read_text())
    before = path.read_text()
    code, _, err = spinhop(command, path, "--out", path, "--force")
    assert code == 2 and "mine.yaml: is the process itself" in err and path.read_text() == before


def test_views_are_not_mixed_with_results(spinhop, given):
    commands, folder = given
    (folder / ".lock").write_text("")
    code, _, err = spinhop("views", commands["run"][1], "--out", folder)
    assert code == 2 and "out: a folder of results; choose another" in err and len(list(folder.iterdir())) == 1


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
