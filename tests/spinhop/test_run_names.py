"""Names of run folders that commands make of files: no two files of one command share one."""

import json
from itertools import permutations
from pathlib import Path

import pytest

from hwlib.errors import InputError
from hwlib.storage.file_labels import told_apart
from spinhop.run_folder.run_names import run_name, run_names
from spinhop.run_folder.runs import open_run

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


def _designs(top: Path, *names: str) -> list[Path]:
    for folder, name in zip("ab", names, strict=True):
        (top / folder).mkdir()
        (top / folder / "d.yaml").write_text(f"name: {name}\nnetwork: {{neurons: {ord(folder) - 94}}}\n")
    return [Path("a/d.yaml"), Path("b/d.yaml")]


def _folder(design: Path, out: Path | None = None) -> str:
    with open_run(design, out) as run:
        return str(run.folder)


def test_designs_of_one_name_have_a_run_folder_each(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = _designs(tmp_path, "tiny", "tiny")
    assert _folder(first) == "runs/tiny"
    other = _folder(second)
    assert other.startswith("runs/tiny-") and len(other) == len("runs/tiny-") + 8
    assert [_folder(second), _folder(tmp_path / first)] == [other, "runs/tiny"]
    assert [_folder(Path(folder) / "design.yaml") for folder in (other, "runs/tiny")] == [other, "runs/tiny"]
    (tmp_path / first).rename("moved.yaml")
    assert _folder(Path("moved.yaml")) == "runs/tiny"


def test_the_folder_of_another_design_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = _designs(tmp_path, "tiny", "small")
    _folder(first, Path("out"))
    before = (tmp_path / "out/design.yaml").read_bytes()
    with pytest.raises(InputError, match="out: run folder of another design, 'tiny', not of 'small'; choose another"):
        _folder(second, Path("out"))
    assert (tmp_path / "out/design.yaml").read_bytes() == before
    first.write_text(second.read_text())  # the same file, which has another name now
    assert _folder(first, Path("out")) == "out"


def test_a_folder_that_does_not_say_of_which_files_it_is_has_their_copies(tmp_path, monkeypatch):
    """Folders of earlier versions."""
    monkeypatch.chdir(tmp_path)
    first, second = _designs(tmp_path, "tiny", "tiny")
    manifest = tmp_path / _folder(first) / "manifest.json"
    for design, folder in ((second, "runs/tiny-"), (first, "runs/tiny")):
        said = json.loads(manifest.read_text())
        said.pop("sources", None)
        manifest.write_text(json.dumps(said))
        assert _folder(design).startswith(folder)
    assert (tmp_path / "runs/tiny/input/d.yaml").read_text() == first.read_text()


def test_links_of_hostile_manifests_lead_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    design, other = _designs(tmp_path, "tiny", "tiny")
    manifest = tmp_path / _folder(design) / "manifest.json"
    for name in ("a\0b", "x" * 8000):
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"sources": [name]}))
        assert _folder(other).startswith("runs/tiny-")
