"""Names of run folders that commands make of files: no two files of one command share one."""

from itertools import permutations
from pathlib import Path

import pytest

from hwlib.file_labels import told_apart
from spinhop.run_names import run_name, run_names

LONG = "a_name_of_a_graph_that_goes_on_and_on_and_on"


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["g.txt", "h.txt"], ["g", "h"]),
        (["g05_60.0", "g05_60.1"], ["g05_60-0", "g05_60-1"]),
        (["g05_60.0"], ["g05_60-0"]),
        (["w01_100.0.mc", "w01_100.1.mc"], ["w01_100-0", "w01_100-1"]),
        (["g.txt", "g.mtx"], ["g-txt", "g-mtx"]),
        (["a/g.txt", "b/g.txt"], ["a-g", "b-g"]),
        (["g.txt", "g.mtx", "g-txt.txt"], ["g", "g-mtx", "g-txt-txt"]),
        (["g.txt", "./g.txt"], ["g", "g"]),
    ],
)
def test_names(files, names):
    assert run_names("maxcut", [Path(file) for file in files]) == [f"maxcut-{name}" for name in names]


@pytest.mark.parametrize(
    "files",
    [
        ["g+.txt", "g-.txt", "g=.txt"], [f"{LONG}_1.txt", f"{LONG}_2.txt", f"{LONG}_1.mtx"], ["é.txt", "ü.txt"],
        ["g.txt", "G.txt"], ["g.txt", "g.mtx", "a/g.txt", "a/g.mtx", "b/a/g.txt", "g-txt.txt", "a-g.txt", "g.0"],
    ],
)  # fmt: skip
def test_each_file_has_a_name_of_its_own_in_any_order(files):
    named = [
        dict(zip(order, run_names("maxcut", [Path(file) for file in order]), strict=True))
        for order in list(permutations(files))[::97]
    ]
    assert all(each == named[0] for each in named)
    assert len({name.casefold() for name in named[0].values()}) == len(files)
    assert all(len(name) <= 64 for name in named[0].values())


def test_a_design_of_several_files_is_called_by_the_first_and_how_many_more():
    assert run_name("images", ["a/x.1", "b.png", "c.png"]) == "images-x-1-and-2"


def test_labels_have_the_folders_that_tell_them_apart():
    assert told_apart(["a/x.png", "b/x.png", "a/y.png"]) == ["a/x.png", "b/x.png", "y.png"]
    assert told_apart(["x.png", "/r/a/x.png", "/r/b/a/x.png"]) == ["x.png", "r/a/x.png", "b/a/x.png"]
    assert told_apart(["a/x.png", "a/x.png"]) == ["x.png", "x.png"]
