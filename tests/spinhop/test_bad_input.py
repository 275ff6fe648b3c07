"""Bad input, end to end: one clear line, exit code 2, no traceback, nothing half-written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import klayout.db as kdb
import pytest

from hwlib.process import load_process
from spinhop.cli import command as whole_command

GOOD = "name: tiny\nnetwork: {neurons: 3}\n"
EBEAM = load_process("ebeam")


def _refused(result: tuple[int, str, str]) -> str:
    code, out, err = result
    assert code == 2, err
    assert out == "" and "Traceback" not in err
    lines = [line for line in err.splitlines() if line.startswith("spinhop: ")]
    assert len(lines) == 1 and err.endswith(lines[0] + "\n"), err
    return lines[0]


@pytest.mark.parametrize("command", ["run", "layout", "extract", "simulate", "recall", "check"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: tiny\nnetwork: {neurons: 3, colour: red}\n", "network.colour: unknown key"),
        (GOOD + "device: {track_length: 3 V}\n", "is not a quantity in m"),
        (GOOD + "search: {axes: {seed: {low: 1, high: 2}}}\n", "seed: must be a list, found dict of 2"),
        ("name: tiny\nnetwork: {neurons: 1}\n", "must be at least 2"),
        ("name: tiny\nnetwork: {neurons: 0}\n", "must be at least 2"),
        ("name: tiny\nnetwork: {neurons: 1000000}\n", "must be at least 2 and at most 1000"),
        (GOOD + "device: {pillar_position: 0.99}\n", "pillar lies off the track"),
        (GOOD + "device: {tmr: 300}\n", "device.tmr: must be at least 0.001 and at most 50, found 300"),
        (GOOD + "device: {r_parallel: -500 ohm}\n", "'-500 ohm' is outside 0.1 ohm to 1e+09 ohm"),
        (GOOD + "operating_point: {v_dw: plenty}\n", "neither auto, eq4 nor a value in V"),
        ("name: tiny\nnetwork: {neurons: 2, weights: {matrix: [[0, 1], [1, 0, 1]]}}\n", "row 2 has 3 values"),
        ("name: tiny\nnetwork: {neurons: 2, weights: {matrix: [[0, .nan], [1, 0]]}}\n", "matrix.0.1: nan is no weight"),
        ("name: ../tiny\nnetwork: {neurons: 3}\n", "name: "),
        (GOOD + "process: ../process.yaml\n", "leaves its folder"),
        ("name: tiny\nnetwork: {neurons: 3, weights: {matrix_file: /etc/passwd}}\n", "leaves its folder"),
    ],
)  # fmt: skip
def test_bad_design(spinhop, design_file, tmp_path, command, text, message):
    line = _refused(spinhop(command, design_file(text), "--out", tmp_path / "run"))
    assert message in line and "tiny.yaml" in line
    assert not (tmp_path / "run").exists()


def test_missing_design(spinhop, tmp_path):
    assert "no such design file" in _refused(spinhop("run", tmp_path / "none.yaml", "--out", tmp_path / "run"))
    assert not list(tmp_path.iterdir())


def test_unwritable_folder(spinhop, design_file, tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        assert str(out) in _refused(spinhop("layout", design_file(), "--out", out))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_permission(spinhop, design_file, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert "cannot write" in _refused(spinhop("layout", design_file(), "--out", locked / "run"))


def test_unknown_engine(spinhop, design_file, tmp_path):
    line = _refused(spinhop("simulate", design_file(), "--ideal", "--engine", "warp", "--out", tmp_path / "run"))
    assert "'warp'" in line and "auto" in line
    assert not (tmp_path / "run" / "ideal.nc").exists()


WARM = "operating_point: {temperature: 300 K, load: 16 ns}\n"
TURNING = "device: {dynamics: {model: collective}}\n"
PINNED = "device: {dynamics: {parameters: {pinning_velocity: 1 m/s}}}\n"


@pytest.mark.parametrize(
    ("command", "engine", "fields", "words"),
    [
        ("run", "reference", WARM, "reference: does not support kinematic walls at a temperature"),
        ("simulate", "layout", TURNING, "layout: does not support collective walls"),
        ("recall", "auto", PINNED, "auto: only trials at a temperature have pinning"),
        ("spice", "auto", PINNED, "auto: only trials at a temperature have pinning"),
        ("spice", "reference", WARM, "spice: walls in decks have no noise"),
    ],
)  # fmt: skip
def test_an_engine_that_does_not_run_such_walls(spinhop, design_file, tmp_path, command, engine, fields, words):
    """It is known before anything is drawn, and no run folder is made."""
    design = design_file("name: tiny\nnetwork: {neurons: 3}\n" + fields)
    line = _refused(spinhop(command, design, "--engine", engine, "--out", tmp_path / "run"))
    assert words in line
    assert not (tmp_path / "run").exists()


def test_walls_that_no_engine_runs_are_drawn_and_judged(spinhop, design_file, tmp_path):
    design = design_file("name: tiny\nnetwork: {neurons: 3}\n" + PINNED)
    assert spinhop("extract", design, "--out", tmp_path / "run")[0] == 0


def test_full_disk_is_one_line(design_file, tmp_path):
    """/dev/full refuses every byte, as a full disk does."""
    code = "from spinhop.cli import main; main(['schema', 'design'])"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2 and "No space left on device" in done.stderr and done.stderr.count("\n") == 1


# --- layouts ---


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    """The layout of the N = 3 design."""
    import layouts
    from hwlib.design import Design

    path = tmp_path_factory.mktemp("drawn") / "tiny.gds"
    design = Design(name="tiny", network={"neurons": 3})
    layouts.write_layout(layouts.hopfield(design, design.load_process()), path)
    return path


def _edited(drawn: Path, path: Path, layer: str, cut: str) -> kdb.DPoint:
    """Remove shapes of a layer at one device: its track's middle, or its first via; return where (µm)."""
    layout = kdb.Layout()
    layout.read(str(drawn))
    top = layout.top_cell()
    top.flatten(-1, True)
    track = kdb.Region(top.begin_shapes_rec(layout.find_layer(*EBEAM.layers["track"].gds))).merged()
    device = min((p.bbox() for p in track), key=lambda box: (box.bottom, box.left))
    index = layout.find_layer(*EBEAM.layers[layer].gds)
    shapes = kdb.Region(top.begin_shapes_rec(index)).merged()
    if cut == "half":
        place = kdb.Box(device.left + 55, device.bottom - 10, device.left + 60, device.top + 10)
    else:
        place = min((p.bbox() for p in shapes & kdb.Region(device)), key=lambda box: box.left)
    top.shapes(index).clear()
    top.shapes(index).insert(shapes - kdb.Region(place))
    layout.write(str(path))
    return kdb.DPoint(device.center().x * layout.dbu, device.center().y * layout.dbu)


@pytest.mark.parametrize(
    ("layer", "cut"),
    [("track", "half"), ("vt", "one"), ("read", "one")],
    ids=["cut track", "no contact", "no electrode"],
)
def test_broken_device_is_named_with_its_place(spinhop, design_file, drawn, tmp_path, layer, cut):
    layout, out = tmp_path / "edited.gds", tmp_path / "run"
    place = _edited(drawn, layout, layer, cut)
    line = _refused(spinhop("extract", design_file(), "--layout", layout, "--out", out))

    pairs = re.findall(r"\((-?[\d.]+), (-?[\d.]+)\)", line)
    assert pairs, line
    assert min(abs(float(x) - place.x) + abs(float(y) - place.y) for x, y in pairs) < 0.2, (line, place)
    assert not (out / "network.nc").exists() and not (out / "network.spef").exists()


@pytest.mark.parametrize("content", [b"", b"this is no layout", b"\x00\x06\x00\x02\x00\x07", b"%SEMI-OASIS\r\n\x01"])
@pytest.mark.parametrize("suffix", [".gds", ".oas"])
@pytest.mark.parametrize("command", ["extract", "check"])
def test_layout_that_is_none(spinhop, design_file, tmp_path, content, suffix, command):
    layout, out = tmp_path / f"junk{suffix}", tmp_path / "run"
    layout.write_bytes(content)
    assert f"junk{suffix}" in _refused(spinhop(command, design_file(), "--layout", layout, "--out", out))
    assert not list(out.glob("layout*")) and not list(out.glob("network*"))


def test_layout_of_another_design(spinhop, design_file, drawn, tmp_path):
    design = design_file("name: tiny\nnetwork: {neurons: 4}\n")
    line = _refused(spinhop("extract", design, "--layout", drawn, "--out", tmp_path / "run"))
    assert "4" in line


def test_truncated_layout(spinhop, design_file, drawn, tmp_path):
    layout = tmp_path / "half.gds"
    layout.write_bytes(drawn.read_bytes()[:-500])
    assert "half.gds" in _refused(spinhop("extract", design_file(), "--layout", layout, "--out", tmp_path / "run"))


def test_missing_layout_and_wrong_kind(spinhop, design_file, tmp_path):
    os.mkfifo(tmp_path / "pipe.gds")
    (tmp_path / "folder.oas").mkdir()
    for name, message in (
        ("none.gds", "no such layout file"), ("tiny.yaml", "ends in .gds or .oas"), ("folder.oas", "it is a folder"),
        ("pipe.gds", "it is a FIFO"),
    ):  # fmt: skip
        line = _refused(spinhop("extract", design_file(), "--layout", tmp_path / name, "--out", tmp_path / "run"))
        assert message in line
    assert not (tmp_path / "run").exists()


# --- graphs and pictures ---


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"), ("2 1\n0 1 1\n", ":2:"), ("2 2\n1 2 1\n", "g.txt"), ("2 1\n1 2 nan\n", ":2:"),
        ("2 1\n1 1 1\n", ":2:"), ("3 2\n1 2 1\n2 1 1\n", ":3:"), ("3 10000000\n1 2 1\n", "10000000"),
        ("\x00\x01", "g.txt"),
    ],
)  # fmt: skip
def test_bad_graph(spinhop, tmp_path, content, message):
    path = tmp_path / "g.txt"
    path.write_text(content)
    assert message in _refused(spinhop("maxcut", path))


def test_bad_picture(spinhop, tmp_path):
    for name, content in (("a.txt", b"##\n#"), ("b.png", b"\x89PNG\r\n"), ("c.txt", b"#?\n"), ("d.txt", b"\xff")):
        (tmp_path / name).write_bytes(content)
        assert name in _refused(spinhop("image", tmp_path / name))
    assert "no such" in _refused(spinhop("image", tmp_path / "none.txt"))
    assert "distortion" in _refused(spinhop("image", "-d", "1.5", "--trials", "1"))


def test_bad_task(spinhop, tmp_path):
    assert "'fig99'" in _refused(spinhop("reproduce", "--task", "fig99", "--out", tmp_path / "r"))
    assert not (tmp_path / "r").exists()


def test_report_of_no_run(spinhop, tmp_path):
    assert "no run folder" in _refused(spinhop("report", tmp_path))
    assert not list(tmp_path.iterdir())


# --- options ---


@pytest.mark.parametrize("command", [("compensate", "--spread"), ("train", "--limit"), ("yield", "--precision")])
def test_nan_is_within_no_bounds(spinhop, design_file, tmp_path, command):
    line = _refused(spinhop(command[0], design_file(), command[1], "nan", "--out", tmp_path / "out.yaml"))
    assert "nan" in line and not (tmp_path / "out.yaml").exists()


def test_a_value_of_a_task_is_refused_without_words_of_a_library(spinhop, tmp_path):
    (tmp_path / "g.txt").write_text("2 1\n1 2 1\n")
    assert "task.prove: inf is outside" in _refused(spinhop("maxcut", tmp_path / "g.txt", "--prove", "inf"))


@pytest.mark.parametrize("content", [b"\xe9", b"# My own notes\n"], ids=["no text", "another page"])
def test_another_page_is_not_overwritten(spinhop, tmp_path, content):
    """Before anything is drawn; also where all designs are run and nothing of it would stay."""
    (tmp_path / "page.md").write_bytes(content)
    for names in ([], ["recall_13_copper"]):
        command = ("codesigned", *names, "--out", tmp_path / "out", "--markdown", tmp_path / "page.md")
        assert "page.md: " in _refused(spinhop(*command))
    assert (tmp_path / "page.md").read_bytes() == content and not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["none.yaml/x", "folder", "loop/x"])
def test_files_that_cannot_be_written_are_refused_before_the_work(spinhop, design_file, tmp_path, monkeypatch, name):
    source = design_file()
    (tmp_path / "none.yaml").write_text("")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    for module in ("spinhop.designs.ordering._drawn", "spinhop.codesigned.measure"):
        monkeypatch.setattr(module, None)  # the work
    assert f"{name}.yaml: " in _refused(spinhop("order", source, "--force", "--out", tmp_path / f"{name}.yaml"))
    page = tmp_path / f"{name}.md"
    assert f"{name}.md: " in _refused(spinhop("codesigned", "recall_13_copper", "--markdown", page))


def test_a_name_with_a_line_break_writes_no_second_field(spinhop, tmp_path):
    line = _refused(spinhop("new", tmp_path / "x\nprocess: copper.yaml"))
    assert "a design's name has no line breaks" in line and not list(tmp_path.iterdir())


SEEDED = ["atlas", "check", "compensate", "image", "optimize", "order", "reproduce"]


@pytest.mark.parametrize("command", SEEDED)
def test_seeds_of_commands_are_those_that_files_may_have(spinhop, command, design_file):
    """compensate passed a larger one on to a field, in a traceback."""
    given = {"check": ["--self-test"], "image": ["no.png"], "reproduce": []}.get(command, [design_file()])
    message = _refused(spinhop(command, *given, "--seed", 2**63))
    assert "'--seed': 9223372036854775808 is not in the range 0<=x<=9223372036854775807" in message


def test_every_seed_is_tried():
    commands = whole_command().commands
    assert sorted(name for name, each in commands.items() if any(p.name == "seed" for p in each.params)) == SEEDED


@pytest.mark.parametrize("command", ["characterise", "atlas", "layout", "sweep"])
def test_a_folder_that_is_a_link_to_itself(spinhop, command, design_file, tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    source = design_file()
    if command == "sweep":
        source = design_file("name: st\ndesign: tiny.yaml\naxes: {seed: [1, 2]}\n", "st.yaml")
    assert "loop: cannot write into the folder" in _refused(spinhop(command, source, "--out", tmp_path / "loop"))
