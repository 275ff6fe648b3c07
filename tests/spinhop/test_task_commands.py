"""``spinhop maxcut`` and ``spinhop image`` through the command line: what they print, and one line for bad files."""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from spinhop.designs.task_designs import drawn_seconds, task_design
from tests.support.compiling_line import without_compiling
from tests.support.exit_codes import of_rows, of_text

JUNK = random.Random(1).randbytes(100_000)
MATRIX = "%%MatrixMarket matrix coordinate real symmetric\n"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Run folders are made where the command is started."""
    monkeypatch.chdir(tmp_path)


def refused(result: tuple[int, str, str]) -> str:
    code, out, err = result
    assert code == 2 and out == "", err
    assert err.startswith("spinhop: ") and err.count("\n") == 1 and len(err) <= 201, err
    return err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "g.txt:1: empty"),
        (b"3 2\n1 2 1\n-1 3 1\n", "g.txt:3: node '-1', allowed 1 to 3"),
        (b"3 2\n1 2 1\n4 3 1\n", "g.txt:3: node '4', allowed 1 to 3"),
        (b"3 5\n1 2 1\n1 3 1\n", "g.txt:3: ends after 2 edges, the header declares 5"),
        (b"3 1\n1 2 1\n1 3 1\n", "g.txt:3: more edges than the 1"),
        (b"3 2\n1 2 1\n1 3 NaN\n", "g.txt:3: weight 'NaN', allowed finite"),
        (b"3 1\n3 3 1\n", "g.txt:2: no edge joins two different nodes"),
        (b"3 3\n1 2 1\n1 3 1\n2 1 1\n", "g.txt:4: edge 2 1 again, first on line 2"),
        (b"3 2\n1 2 0\n1 3 0\n", "g.txt:3: all weights are 0"),
        (JUNK, "g.txt:1: not a"),
        (b"3 2\n1 2 1\n" + JUNK, "g.txt:3: not a"),
        (b"\0" * 10_000_000, "g.txt:1: not a graph file"),
        (b"3 1\n" + b"1 2 " * 1_000_000, "g.txt:2: not a graph file"),
        (b"5000 10000000\n1 2 1\n", "g.txt:1: 5000 nodes, allowed 1 to 1000"),
        (b"1000 10000000\n1 2 1\n", "g.txt:1: 10000000 edges, allowed 1 to 1000000"),
        (b"2000 2\n1 2 1\n2 3 1\n", "g.txt:1: 2000 nodes, allowed 1 to 1000"),
        (MATRIX.encode() + b"2 2 2\n1 2 5\n2 1 5\n", "g.txt:4: entry 2 1 again, first on line 3"),
        (MATRIX.encode() + b"2 2 2\n1 1 5\n2 2 5\n", "g.txt:4: no edge joins two different nodes"),
    ],
)  # fmt: skip
def test_bad_graph_is_one_line(spinhop, tmp_path, content, message):
    (tmp_path / "g.txt").write_bytes(content)
    assert message in refused(spinhop("maxcut", tmp_path / "g.txt"))


def test_a_bad_graph_among_good_ones_is_found_before_any_is_cut(spinhop, tmp_path):
    (tmp_path / "good.txt").write_text("3 2\n1 2 1\n2 3 1\n")
    path_of_400 = "400 399\n" + "".join(f"{k} {k + 1} {k}\n" for k in range(1, 400))
    (tmp_path / "large.txt").write_text(path_of_400)
    line = refused(spinhop("maxcut", tmp_path / "good.txt", tmp_path / "large.txt"))
    assert "large.txt: network: 400 neurons with" in line and "at most 16" in line


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2 * 1024**3, 2 * 1024**3))


def test_the_next_step_names_a_file_that_there_is(spinhop, tmp_path):
    (tmp_path / "l.txt").write_text("100\n100\n111\n")
    code, out, _ = spinhop("image", tmp_path / "l.txt", "--ideal", "--trials", 1, "--distortion", 0, "--out", "a b")
    assert code == 0 and out.endswith("check its limits too: spinhop check 'a b/design.yaml'\n")
    assert (tmp_path / "a b" / "design.yaml").is_file()
    code, out, _ = spinhop("image", tmp_path / "l.txt", "--ideal", "--trials", 1, "--distortion", 0, "--json")
    assert json.loads(out)[0]["next"]["text"].endswith("spinhop check runs/images-l/design.yaml")


def test_ten_million_edges_cost_neither_time_nor_memory(tmp_path):
    """Whether the header admits them or not: the file is left at the first line that is too much."""
    path = tmp_path / "big.txt"
    edges = "".join(f"{i} {j} 1\n" for i in range(1, 501) for j in range(501, 1001))
    for header, message in (("1000 10000000", ":1: 10000000 edges"), ("1000 99", ":101: more edges than the 99")):
        with path.open("w") as stream:
            stream.write(header + "\n")
            for _ in range(40):
                stream.write(edges)
        begin = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "spinhop", "maxcut", str(path)],
            capture_output=True, text=True, check=False, preexec_fn=_limited, env={"OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        assert (done.returncode, done.stderr.count("\n")) == (2, 1) and message in done.stderr, done.stderr
        assert time.monotonic() - begin < 30  # start of the interpreter included; reading them all would take minutes


def test_cut_of_a_weighted_graph(spinhop, tmp_path):
    """Four nodes by hand: of all eight cuts {1, 3} against {2, 4} is the largest, 3 + 2 + 4 + 1 − 0."""
    path = tmp_path / "w.txt"
    path.write_text("4 5\n1 2 3\n2 3 2\n3 4 4\n1 4 1\n1 3 -2\n")
    code, out, _ = spinhop("maxcut", path, "--ideal", "--json", "--prove", "5")
    row = json.loads(out)[0]
    assert code == of_rows([row])
    assert (row["best"], row["best_is"], row["random"], row["greedy"]) == (10.0, "exact", 4.0, 10.0)
    assert row["cut"] <= 10.0


def test_what_a_reader_leaves_out_is_said_before_graphs_are_cut(spinhop, tmp_path):
    (tmp_path / "loop.txt").write_text("3 3\n1 2 1\n2 3 1\n3 3 7\n")
    (tmp_path / "heavy.gml").write_text(
        "graph [ node [ id 0 ] node [ id 1 ] node [ id 2 ] edge [ source 0 target 1 weight 2 ]"
        " edge [ source 1 target 2 weight 5 ] edge [ source 0 target 2 weight 0.5 ] ]"
    )
    code, out, err = spinhop("maxcut", tmp_path / "loop.txt", tmp_path / "heavy.gml", "--ideal", "--json")
    rows = json.loads(out)
    assert code == of_rows(rows) and [row["best"] for row in rows] == [2, 2]
    assert without_compiling(err).splitlines() == [
        f"{tmp_path / 'loop.txt'}: {rows[0]['remarks'][0]}", f"{tmp_path / 'heavy.gml'}: {rows[1]['remarks'][0]}"
    ]  # fmt: skip
    assert "(a diagonal)" in err and "--weight weight cuts by it" in err
    code, out, err = spinhop("maxcut", tmp_path / "heavy.gml", "--weight", "weight", "--ideal", "--json")
    (row,) = json.loads(out)
    assert (code, err) == (of_rows([row]), "") and (row["best"], row["remarks"]) == (7, [])
    assert "names an edge attribute" in refused(spinhop("maxcut", tmp_path / "loop.txt", "--weight", "weight"))


def bitmap(path: Path, pixels: object) -> Path:
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)
    return path


def test_bad_pictures_are_one_line(spinhop, tmp_path):
    half = np.full((8, 8), 255)
    half[:, :4] = 0
    left = bitmap(tmp_path / "left.png", half)
    cases = [
        ([bitmap(tmp_path / "one.png", [[0]])], "one.png: a picture of one pixel"),
        ([bitmap(tmp_path / "black.png", np.zeros((8, 8)))], "black.png: every pixel is ON"),
        ([left, bitmap(tmp_path / "nine.png", half[:, :7])], "nine.png: 8 × 7 pixels, the first picture has 8 × 8"),
        ([left, left], "left.png: the same picture as"),
        ([left, bitmap(tmp_path / "right.png", 255 - half)], "right.png: the inverse, and so the same memory, as"),
        ([bitmap(tmp_path / "big.png", np.zeros((40, 40)))], "big.png: 40 × 40 pixels, a network has at most 1000"),
        ([tmp_path], "cannot read picture"),
        (["/dev/zero"], "/dev/zero: cannot read picture file (it is a device"),
    ]
    for name, content in (("junk.png", JUNK), ("junk.txt", JUNK), ("empty.png", b""), ("empty.txt", b"")):
        (tmp_path / name).write_bytes(content)
        cases.append(([tmp_path / name], name))
    (tmp_path / "cut.png").write_bytes(left.read_bytes()[:-20])
    cases.append(([tmp_path / "cut.png"], "cut.png: not a readable PNG"))
    for paths, message in cases:
        assert message in refused(spinhop("image", "--trials", "1", *paths)), paths
    for share in ("nan", "-0.1", "1.01"):
        assert "allowed 0 to 1" in refused(spinhop("image", "-d", share, "--trials", "1"))
    assert "given twice" in refused(spinhop("image", "-d", "0.1", "-d", ".1", "--trials", "1"))


def test_options_are_looked_at_before_anything_is_said_or_begun(spinhop, tmp_path):
    left = bitmap(tmp_path / "left.png", [[0, 255], [0, 255]])
    (tmp_path / "g.txt").write_text("2 2\n1 1 1\n1 2 1\n")
    assert "engine: 'foo', allowed: auto, ideal" in refused(spinhop("image", left, "--engine", "foo"))
    assert "engine: 'foo', allowed: auto, ideal" in refused(spinhop("maxcut", tmp_path / "g.txt", "--engine", "foo"))
    assert "'--trials': 99999999999 is not" in refused(spinhop("image", left, "--trials", "99999999999"))
    assert "one of them" in refused(spinhop("maxcut", tmp_path / "g.txt", "--ideal", "--drawn"))
    assert "one of them" in refused(spinhop("image", left, "--drawn", "--ideal"))
    (tmp_path / "g\nh.txt").write_text("2 1\n1 2 1\n")
    assert "a line end: 'g\\nh.txt'; rename it" in refused(spinhop("maxcut", "g\nh.txt"))
    assert "prove: nan" in refused(spinhop("maxcut", tmp_path / "g.txt", "--prove", "nan"))


@pytest.mark.parametrize("task", ["image", "maxcut"])
def test_a_bad_file_is_said_before_engines_are_loaded(tmp_path, task):
    (tmp_path / "bad.txt").write_text("?")
    code = f"import sys\nfrom spinhop.cli import main\ntry: main(['{task}', {str(tmp_path / 'bad.txt')!r}])\n"
    code += "except SystemExit as left: print(left.code, 'numba' in sys.modules, 'xarray' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "2 False False\n", done.stderr


def test_picture_comes_back(spinhop, tmp_path):
    (tmp_path / "a.txt").write_text("###\n#..\n...\n")
    code, out, _ = spinhop("image", tmp_path / "a.txt", "-d", "0", "--trials", "2", "--ideal", "--json")
    row = json.loads(out)[0]
    assert code == 0 and (row["picture"], row["recalled"], row["accuracy_mean"]) == ("a.txt", 2, 1.0)


ZERO = "...##...\n..####..\n..#..##.\n..#..##.\n..#..##.\n..#..#..\n..#.##..\n...##...\n"
ONE = "...##...\n...###..\n...##...\n..###...\n...##...\n...##...\n...##...\n...###..\n"


def test_pictures_that_do_not_rest_are_said_to_be_so_before_trials(spinhop, tmp_path):
    """Where the digits differ their weights add to nothing on nine neurons: only the leak holds those."""
    (tmp_path / "0.txt").write_text(ZERO)
    (tmp_path / "1.txt").write_text(ONE)
    _, out, err = spinhop("image", tmp_path / "0.txt", tmp_path / "1.txt", "-d", "0", "-d", "0.1", "--ideal", "--json")
    rows = {(row["picture"], row["distortion"]): row for row in json.loads(out)}
    for k in "01":
        assert f"{k}.txt: ON: characters '#1X@*', {22 if k == '0' else 19} of 64 ON" in err.splitlines()
        assert f"{k}.txt: no rest state by its weights alone (ideal wires): 9 of 64 neurons are held by" in err
        row = rows[f"{k}.txt", 0.0]
        assert (row["undriven"], row["rests"], row["inverse_rests"], row["recalled"]) == (9, True, True, 20)
        assert rows[f"{k}.txt", 0.1]["recalled"] == 0


def test_a_folder_that_cannot_be_had_is_all_that_is_said(spinhop, tmp_path):
    """Remarks on the pictures came first."""
    (tmp_path / "dark.txt").write_text("##.\n#..\n")
    (tmp_path / "full").write_text("a file")
    code, out, err = spinhop("image", tmp_path / "dark.txt", "--ideal", "--out", tmp_path / "full")
    assert (code, out, err.count("\n")) == (2, "", 1) and "full: " in err


def test_what_is_said_of_rest_states_is_what_trials_do(spinhop, tmp_path):
    """A letter that its network does not hold leaves itself even when it is loaded undistorted; the others stay."""
    from sim.tasks.images import letters

    paths = []
    for name, letter in letters("wide").items():
        paths.append(tmp_path / f"{name}.txt")
        paths[-1].write_text("\n".join("".join(".#"[bit] for bit in row) for row in letter))
    code, out, err = spinhop("image", *paths, "-d", "0", "--trials", "1", "--ideal", "--json")
    rows = json.loads(out)
    assert code == of_rows(rows) and [row["rests"] for row in rows] == [bool(row["recalled"]) for row in rows] == [
        False,
        True,
        True,
    ]
    assert "U.txt: no rest state (ideal wires): 5 of 100 neurons leave it, its inverse is one\n" in err
    assert "T.txt: no" not in err and "D.txt: no" not in err


def test_light_drawings(spinhop, tmp_path):
    drawing = np.zeros((6, 6))
    drawing[2:4, 1:5] = 255
    code, out, err = spinhop("image", bitmap(tmp_path / "a.png", drawing), "--ideal", "--trials", "1", "-d", "0")
    said = "a.png: ON: dark pixels, threshold 50 %, 28 of 36 ON; most pixels are ON; light on dark? "
    said += "give --invert (in a design invert: true)\n"
    assert code == of_text(out) and err.startswith(said)
    code, out, err = spinhop("image", tmp_path / "a.png", "--ideal", "--trials", "1", "-d", "0", "--invert", "--json")
    assert (
        code == of_rows(json.loads(out))
        and err.startswith("a.png: ON: light pixels, threshold 50 %, 8 of 36 ON\n")
        and "--" not in err
    )
    assert json.loads(out)[0]["on"] == 8 and json.loads(out)[0]["taken"] == "light pixels, threshold 50 %, 8 of 36 ON"
    assert "threshold: 0, allowed above 0 to 1" in refused(spinhop("image", tmp_path / "a.png", "--threshold", "0"))
    assert "allowed 0 to 1" in refused(spinhop("image", tmp_path / "a.png", "-d", "7"))


def test_pictures_as_drawn_are_those_of_a_run(spinhop, tmp_path):
    """The command's own numbers are in its run folder, whose report and checks are those of any run."""
    (tmp_path / "a.txt").write_text("##.\n#..\n...\n")
    code, out, _ = spinhop("image", tmp_path / "a.txt", "-d", "0.25", "--trials", "2", "--json")
    (row,) = json.loads(out)
    folder = tmp_path / "runs" / "images-a"
    assert Path(row["folder"]).resolve() == folder and (folder / "checks.html").is_file()
    drawn = xr.load_dataset(folder / "images_drawn.nc", engine="netcdf4")
    ideal = xr.load_dataset(folder / "images_ideal.nc", engine="netcdf4")
    stored = np.array([1, 1, 0, 1, 0, 0, 0, 0, 0])
    for said, found in ((row, ideal), (row["drawn"], drawn)):
        assert ((found["start"].values != stored).sum(axis=1) == 2).all()
        same = (found["state"].values == stored).mean(axis=1)
        right = np.maximum(same, (found["state"].values == 1 - stored).mean(axis=1))
        assert said["accuracy_mean"] == pytest.approx(right.mean())
    code_report, said, _ = spinhop("report", folder, "--json")
    verdict = ("function", "limits", "next")
    assert code_report == 0 and code == of_rows([row])
    assert {name: json.loads(said)[name] for name in verdict} == {name: row[name] for name in verdict}
    assert (tmp_path / "runs" / "images-a" / "input" / "a.txt").read_text() == (tmp_path / "a.txt").read_text()
    alone = json.loads(spinhop("image", tmp_path / "a.txt", "-d", "0.25", "--trials", "2", "--ideal", "--json")[1])
    other = ("drawn", *verdict)
    assert {k: v for k, v in alone[0].items() if k not in other} == {k: v for k, v in row.items() if k not in other}
    assert alone[0]["drawn"] is None and "limits" not in alone[0]


def test_a_cut_as_drawn(spinhop, tmp_path):
    (tmp_path / "w.txt").write_text("4 5\n1 2 3\n2 3 2\n3 4 4\n1 4 1\n1 3 -2\n")
    code, out, _ = spinhop("maxcut", "w.txt")
    lines = out.splitlines()
    assert code == of_text(out) and lines[-4] == "runs/maxcut-w"
    assert lines[-3].startswith("function: works, as drawn: share of") and lines[-1].startswith("next: ")
    assert [line.split(",")[0] for line in lines if line.startswith("maxcut,")] == ["maxcut"] * 2
    drawn = xr.load_dataset(tmp_path / "runs" / "maxcut-w" / "maxcut_drawn.nc", engine="netcdf4")
    side = drawn["state"].values[0] == 1
    weights = {(0, 1): 3, (1, 2): 2, (2, 3): 4, (0, 3): 1, (0, 2): -2}
    assert float(drawn["cut"][0]) == sum(w for (i, j), w in weights.items() if side[i] != side[j])


def test_what_takes_long_as_drawn_is_asked_for(spinhop):
    code, out, err = spinhop("image", "-d", "0.1", "--trials", "1", "--json")
    assert "images-letters: 100 neurons as drawn take about " in err and "give --drawn for both" in err
    assert code == of_rows(json.loads(out)) and [row["drawn"] for row in json.loads(out)] == [None] * 3


@pytest.mark.parametrize(
    ("neurons", "restarts", "took"), [(16, 0, 4.2), (16, 20, 4.7), (60, 0, 12.1), (60, 20, 17.8), (100, 0, 19.1)]
)
def test_estimates_of_drawn_graphs_are_twice_what_a_fast_machine_took(tmp_path, neurons, restarts, took):
    ring = "\n".join(f"{k + 1} {(k + 1) % neurons + 1} 1" for k in range(neurons))
    (tmp_path / "ring.txt").write_text(f"{neurons} {neurons}\n{ring}\n")
    design = task_design({"kind": "maxcut", "graph": str(tmp_path / "ring.txt"), "restarts": restarts})
    assert drawn_seconds(design) == pytest.approx(2 * took, rel=1 / 3)


def test_a_cut_that_falls_short_is_said_what_helps_cuts(spinhop, tmp_path):
    """In a ring of four all walls OFF is a rest state: the cut is empty."""
    (tmp_path / "c4.txt").write_text("4 4\n1 2\n2 3\n3 4\n1 4\n")
    code, out, _ = spinhop("maxcut", "c4.txt", "--ideal")
    last = out.splitlines()[-1]
    assert code == 1 and "spinhop maxcut --restarts 100" in last and "pattern" not in last


def test_the_best_of_restarts_is_the_answer_everywhere(spinhop, tmp_path):
    """Two of five restarts on a ring of four hang on rounding; the best of the others is the optimum."""
    (tmp_path / "c4.txt").write_text("4 4\n1 2\n2 3\n3 4\n1 4\n")
    code, out, _ = spinhop("maxcut", "c4.txt", "--restarts", "5", "--json")
    (row,) = json.loads(out)
    assert (row["at_rest"], row["undetermined"], row["share_of_best"]) == (True, False, 1.0)
    assert row["function"]["verdict"] == "works" and code == of_rows([row])
    code, out, _ = spinhop("report", "runs/maxcut-c4")
    line = next(line for line in out.splitlines() if line.startswith("function: "))
    assert line.startswith(
        "function: works, as drawn: share of the best cut 100.0 % (needs 87.8 %), best of 5 of 5 trials"
    )
    assert line in Path("runs/maxcut-c4/report.html").read_text()
    found = json.loads(spinhop("report", "runs/maxcut-c4", "--json")[1])["function"]["ideal"]
    assert (found["verdict"], found["answers"], found["answers_undetermined"]) == ("works", 1, 0)
    assert found["undetermined"] > 0


def test_graphs_have_folders_of_their_own(spinhop, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text("3 2\n1 2 1\n2 3 1\n")
    _, out, _ = spinhop("maxcut", "a.txt", "b.txt", "--ideal", "--json")
    assert [Path(row["folder"]).name for row in json.loads(out)] == ["maxcut-a", "maxcut-b"]
    assert spinhop("maxcut", "a.txt", "b.txt", "--ideal", "--out", "x")[0] == 2


def test_graphs_of_one_stem_neither_share_a_folder_nor_a_label(spinhop, tmp_path):
    graphs = ["g05_60.0", "g05_60.1", "a/g.txt", "b/g.txt"]
    for k, name in enumerate(graphs):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"3 2\n1 2 {k + 1}\n2 3 {k + 1}\n")
    _, out, _ = spinhop("maxcut", *graphs, "--ideal", "--json")
    rows = json.loads(out)
    folders = [Path(row["folder"]) for row in rows]
    assert [folder.name for folder in folders] == ["maxcut-g05_60-0", "maxcut-g05_60-1", "maxcut-a-g", "maxcut-b-g"]
    assert [row["graph"] for row in rows] == graphs
    assert [float(xr.load_dataset(each / "maxcut_ideal.nc")["case_best"][0]) for each in folders] == [2, 4, 6, 8]


def test_pictures_of_one_name_are_told_apart(spinhop, tmp_path):
    for folder, text in (("a", "##.\n#..\n"), ("b", "#.#\n..#\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.txt").write_text(text)
    _, out, err = spinhop("image", "a/x.txt", "b/x.txt", "-d", "0", "--trials", "1", "--ideal", "--json")
    assert [row["picture"] for row in json.loads(out)] == ["a/x.txt", "b/x.txt"]
    assert "a/x.txt: ON:" in err and "b/x.txt: ON:" in err


def test_designs_of_files_are_said_what_was_made_of_them(spinhop, tmp_path):
    """Every command that reads a design with pictures or a graph says what `image` and `maxcut` say."""
    drawing = np.zeros((3, 3))
    drawing[1] = 255
    bitmap(tmp_path / "a.png", drawing)
    (tmp_path / "g.mtx").write_text(
        "%%MatrixMarket matrix coordinate real symmetric\n3 3 4\n1 1 5\n2 1 1\n3 1 1\n3 2 1\n"
    )
    said = {
        "kind: images, pictures: [a.png]": "a.png: ON: dark pixels, threshold 50 %, 6 of 9 ON; most pixels are ON; ",
        "kind: maxcut, graph: g.mtx": "g.mtx: entries on the diagonal, which never cross a cut, are left out: 1",
    }
    for task, line in said.items():
        design = tmp_path / "design.yaml"
        design.write_text(f"name: design\nnetwork: {{weight_style: lines}}\ntask: {{{task}}}\n")
        for words in (["simulate", "--ideal"], ["layout"], ["check"], ["spice", "--ideal"]):
            out = tmp_path / words[0] / task.split()[1]
            code, _, err = spinhop(words[0], design, *words[1:], "--out", out)
            assert code in (0, 1) and sum(each.startswith(line) for each in err.splitlines()) == 1, (words, err)
