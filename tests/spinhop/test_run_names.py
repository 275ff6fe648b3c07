"""Names of run folders that commands make of files: no two files of one command share one."""

import json
from itertools import permutations
from pathlib import Path

import pytest

from hwlib.storage.file_labels import told_apart
from spinhop.run_folder.run_names import run_name, run_names

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


def test_the_folder_of_another_file_of_the_same_name_is_left_alone(spinhop, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder, edges in (("a", "3 1\n1 2 1\n"), ("b", "3 2\n1 2 1\n2 3 1\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "g.txt").write_text(edges)

    def cut(*paths):
        code, out, err = spinhop("maxcut", *paths, "--ideal", "--json")
        assert code in (0, 1), err
        return [(row["folder"], row["edges"]) for row in json.loads(out)]

    first = cut("a/g.txt")
    (second,) = cut("b/g.txt")
    assert first == [("runs/maxcut-g", 1)] and second[0].startswith("runs/maxcut-g-") and second[1] == 2
    before = (tmp_path / "runs/maxcut-g/maxcut_ideal.nc").read_bytes()
    assert [*cut("a/g.txt"), *cut("b/g.txt"), *cut(tmp_path / "a" / "g.txt")] == [*first, second, *first]
    assert (tmp_path / "runs/maxcut-g/maxcut_ideal.nc").read_bytes() == before
    (tmp_path / "a/g.txt").write_text("3 3\n1 2 1\n2 3 1\n1 3 1\n")  # edited: the same file still
    assert cut("a/g.txt") == [("runs/maxcut-g", 3)]
    assert spinhop("maxcut", "b/g.txt", "--ideal", "--out", "mine")[0] in (0, 1) and (tmp_path / "mine").is_dir()
