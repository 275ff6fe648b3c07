"""Inputs that went wrong once, as a user gives them: each gives what is right.

They lie beside the repository; where they do not, these tests are skipped, and smaller ones elsewhere stand in.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import klayout.db as kdb
import numpy as np
import pytest

from hwlib.design import load_design
from hwlib.errors import InputError
from hwlib.extraction import extract
from hwlib.network import TERMINALS
from sim.tasks.graphs import adjacency, read_graph
from sim.tasks.picture_files import read_picture
from spinhop.running import run_design
from tests.support.exit_codes import of_rows, of_text
from tests.support.fuzzing import judged
from tests.support.resistances import between, to_pins

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
pytestmark = [
    pytest.mark.skipif(not CASES.is_dir(), reason="the collected cases are not here (../shared/cases)"),
    pytest.mark.usefixtures("own_folder"),
]
PROMPT = 2.0  # s, for an answer to bad input
SLOWNESS = 3  # of a machine that does other things too

DRAWN = {  # folder: rules that find it as an error, and no other does
    "lvs_crash_uppercase_labels": {"lvs.label"}, "lvs_crash_labels_in_subcells": set(),
    "row_deleted_crash": {"lvs.missing", "lvs.label", "lvs.devices", "lvs.open"}, "false_alarm_pad_above_macro": set(),
    "lvs_hangs_on_wrapped_macro": set(), "magnified_instance_false_alarm": set(),
    "figure_of_eight_short": {"m3.simple", "lvs.short"}, "label_on_no_metal": {"lvs.label"},
    "track_uneven_width": {"lvs.size"}, "rot90_changes_R": set(),
}  # fmt: skip
POINTS = {"erc_axon_leak_too_slow": "leak.axon_time", "erc_load_too_short": "load.time"}
PILLARS = {"d5_rails_ebeam.yaml", "o5_rails_ebeam.gds"}
GOOD = "hang_gds.yaml"  # for the damaged layouts
KARATE = ["karate.gml", "karate.graphml", "karate.col", "karate.txt"]
GRAPHS = {*KARATE, "laplacian_diagonal.mtx", "array_symmetric.mtx", "header_one_percent.mtx", "tie_g05_100.5.txt"}
SIXTEEN_BITS = ["dark12000.png", "dark30.png"]
LIGHT = ["mnist_style0.png", "mnist_style1.png"]
DIGITS = ["digit0.txt", "digit1.txt"]
PICTURES = {*SIXTEEN_BITS, *LIGHT, *DIGITS, "same8bit.png", "dark0.png"}
REPLACES = {  # the run's files in whose place a result is put, by how its name begins
    "recall": ["recall_drawn.nc", "recall_ideal.nc"], "trial": ["drawn.nc", "ideal.nc"],
    "checkpoint": ["recall_drawn.nc", "recall_ideal.nc", "drawn.nc", "ideal.nc", "network.nc"],
}  # fmt: skip


def _files(kind: str, pattern: str = "*") -> list[Path]:
    return sorted((CASES / kind).glob(pattern)) if CASES.is_dir() else []


DESIGNS = [path for path in _files("inputs", "*.yaml") if path.name != GOOD]


def test_every_file_of_the_collection_has_a_test():
    assert {path.name for path in CASES.iterdir()} == {
        "README.md",
        "graphs",
        "inputs",
        "layouts",
        "pictures",
        "results",
    }
    assert {path.name for path in _files("layouts")} == {*DRAWN, *POINTS, *PILLARS}
    assert {path.name for path in _files("layouts", "*/*")} <= {"README", "design.yaml", "layout.gds", "layout.oas"}
    assert {path.name for path in _files("graphs")} == GRAPHS and {path.name for path in _files("pictures")} == PICTURES
    assert {path.suffix for path in _files("inputs")} == {".yaml", ".gds", ".oas"}
    assert {path.name.split("_")[0] for path in _files("results")} == set(REPLACES)


def _drawing(name: str) -> tuple[Path, Path]:
    folder = CASES / "layouts" / name
    return folder / "design.yaml", next(folder.glob("layout.*"))


def _network(design_path: Path, layout: Path):
    design = load_design(design_path)
    return extract(layout, design.load_process(), design)


def _errors(out: str, *checks: str) -> set[str]:
    findings = json.loads(out)["findings"]
    return {f["rule"] for check in checks for f in findings.get(check, []) if f["severity"] == "error"}


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
def test_layouts_are_checked(spinhop, tmp_path, name):
    design, layout = _drawing(name)
    code, out, err = spinhop("check", design, "--layout", layout, "--out", tmp_path / "run", "--json")
    assert code in (0, 1) and "spinhop:" not in err
    assert _errors(out, "drc", "lvs") == DRAWN[name]
    if DRAWN[name]:
        assert code == 1
    if DRAWN[name] - {"lvs.size"}:  # the extraction says the same
        with pytest.raises(InputError, match="layout"):
            _network(design, layout)
    else:
        assert _network(design, layout).devices == load_design(design).network.neurons ** 2


@pytest.mark.parametrize("name", POINTS)
def test_operating_points_break_a_rule(spinhop, tmp_path, name):
    code, out, _ = spinhop("check", CASES / "layouts" / name / "design.yaml", "--out", tmp_path / "run", "--json")
    assert code == 1 and POINTS[name] in _errors(out, "erc_ideal") and POINTS[name] in _errors(out, "erc_drawn")


def test_track_of_uneven_width():
    """24 nm narrower on 72 nm before the pillar, 24 nm wider on 72 nm after it: the mean width is the design's."""
    network = _network(*_drawing("track_uneven_width"))
    (odd,) = np.flatnonzero(network.r_m > 6001)
    assert network.r_m[odd] == pytest.approx(20 * (156 + 72 * 50 / 26 + 72 * 50 / 74), rel=1e-6, abs=0)
    assert round(network.r_m[odd]) == 6862
    density = network.area / network.narrowest_area  # where the track is narrowest, beside that of its mean width
    assert density[odd] == pytest.approx(1.92, abs=0.005)
    np.testing.assert_allclose(np.delete(network.r_m, odd), 6000)
    np.testing.assert_allclose(np.delete(density, odd), 1)


def test_layout_turned_by_a_right_angle(tmp_path):
    """It came turned: in all eight orientations and elsewhere each two terminals of a net keep their resistance."""
    design, layout = _drawing("rot90_changes_R")
    network = _network(design, layout)
    wanted, pins = _two_point_resistances(network), to_pins(network)
    assert len(wanted) == 12 and np.count_nonzero(pins) >= 90  # of 100 terminals; a few are pins themselves
    for code in range(8):
        turned = kdb.Layout()
        turned.read(str(layout))
        turned.transform(kdb.Trans(code % 4, code >= 4, 1234 * code, -777))
        turned.write(str(tmp_path / "turned.oas"))
        network = _network(design, tmp_path / "turned.oas")
        np.testing.assert_allclose(to_pins(network), pins, rtol=1e-9, atol=0)
        found = _two_point_resistances(network)
        assert found.keys() == wanted.keys()
        for net, ohm in wanted.items():
            np.testing.assert_allclose(found[net], ohm, rtol=1e-9, atol=1e-9, err_msg=f"{net}, orientation {code}")


def _two_point_resistances(network) -> dict[str, np.ndarray]:
    """Between each two of the terminals on a net, in the order of devices."""
    nets, found = network.node_net[network.terminals], {}
    for k, name in enumerate(network.net_names):
        nodes = network.terminals[nets == k]
        if len(nodes) > 1:
            found[name] = between(network, nodes)
    return found


def test_access_of_neighbouring_pillars():
    """Two axon pillars of dendrite 0: 88.2 Ω by 2-D finite differences, current spread over each pillar."""
    folder = CASES / "layouts"
    network = _network(folder / "d5_rails_ebeam.yaml", folder / "o5_rails_ebeam.gds")
    inputs = {int(network.pre[d]): d for d in np.flatnonzero((network.post == 0) & (network.pre != 0))}
    pillars = network.terminals[[inputs[k] for k in (1, 2, 3, 4)], TERMINALS.index("MTJ_OUT")]
    assert set(network.node_net[pillars]) == {network.net_names.index("dend_0")}
    assert np.diag(between(network, pillars), 1) == pytest.approx([88.2] * 3, rel=0.01, abs=0)


@pytest.mark.parametrize("command", ["check", "run", "simulate --ideal", "layout", "spice --ideal"])
def test_bad_designs_are_refused_at_once(tmp_path, command):
    for path in DESIGNS:
        shutil.copy(path, tmp_path)
    os.mkfifo(tmp_path / "fifo")  # which one of them names
    words = command.split()
    for path in DESIGNS:
        began = time.perf_counter()
        code, said = judged(words[0], tmp_path / path.name, *words[1:], "--out", tmp_path / "run")
        assert code == 2 and f"{path.name}:" in said and len(said.splitlines()) <= 20, said
        assert time.perf_counter() - began < PROMPT * SLOWNESS and not (tmp_path / "run").exists(), path.name


@pytest.mark.parametrize("layout", _files("inputs", "damaged_*"), ids=lambda path: path.stem)
def test_damaged_layouts_are_refused(tmp_path, layout):
    for command in {layout.stem.split("_")[2], "simulate", "extract"}:
        began = time.perf_counter()
        code, said = judged(command, CASES / "inputs" / GOOD, "--layout", layout, "--out", tmp_path / command)
        *stages, line = said.splitlines()
        assert code == 2 and not [stage for stage in stages if not stage.startswith("layout ")], said
        assert layout.name in line or f"{command}/layout{layout.suffix}: " in line
        assert time.perf_counter() - began < PROMPT * SLOWNESS


@pytest.mark.parametrize("name", KARATE)
def test_karate_club(spinhop, name):
    (row,) = _rows(spinhop, name)
    assert (row["nodes"], row["edges"], row["best"]) == (34, 78, 61)
    if name == KARATE[-1]:  # one graph in four formats
        (row,) = _rows(spinhop, name, "--prove", "60")
        assert (row["best"], row["best_is"]) == (61, "exact")


def test_diagonal_never_crosses_a_cut(spinhop):
    (row,) = _rows(spinhop, "laplacian_diagonal.mtx")
    assert (row["nodes"], row["edges"], row["best"], row["best_is"]) == (4, 6, 4, "exact")
    assert row["remarks"] == ["entries on the diagonal, which never cross a cut, are left out: 4"]


def test_dense_symmetric_matrix(spinhop):
    (row,) = _rows(spinhop, "array_symmetric.mtx")
    assert (row["nodes"], row["edges"], row["best"], row["best_is"]) == (4, 5, 7, "exact")
    values = iter(CASES.joinpath("graphs", "array_symmetric.mtx").read_text().splitlines()[2:])
    matrix = np.zeros((4, 4))
    for column in range(4):
        for row in range(column, 4):
            matrix[row, column] = matrix[column, row] = float(next(values))
    np.testing.assert_array_equal(adjacency(read_graph(CASES / "graphs" / "array_symmetric.mtx")).toarray(), matrix)


def test_wrong_header_is_blamed():
    code, said = judged("maxcut", CASES / "graphs" / "header_one_percent.mtx")
    assert code == 2 and "header_one_percent.mtx:1: header '%MatrixMarket" in said and said.count("\n") == 1


def test_cut_that_hangs_on_rounding_is_undetermined(spinhop):
    (row,) = _rows(spinhop, "tie_g05_100.5.txt", "--mapping", "paper")
    assert row["undetermined"] and {row["cut"], row["other_cut"]} <= {1352, 1363}
    assert abs(row["other_time"] / row["time_to_solution"] - 1) > 0.05
    _, out, _ = spinhop("maxcut", CASES / "graphs" / "tie_g05_100.5.txt", "--ideal", "--mapping", "paper")
    assert "tie_g05_100.5.txt: undetermined: cut 13" in out


def _rows(spinhop, name: str, *options: str) -> list[dict]:
    code, out, err = spinhop("maxcut", CASES / "graphs" / name, "--ideal", *options, "--json")
    rows = json.loads(out)
    assert code == of_rows(rows), err
    return rows


def test_pictures_of_sixteen_bits():
    eight = read_picture(CASES / "pictures" / "same8bit.png").bits
    assert 0 < eight.sum() < eight.size
    for name in SIXTEEN_BITS:
        np.testing.assert_array_equal(read_picture(CASES / "pictures" / name).bits, eight)
    zero = [list(line) for line in (CASES / "pictures" / DIGITS[0]).read_text().split()]
    np.testing.assert_array_equal(read_picture(CASES / "pictures" / "dark0.png").bits, np.array(zero) == "#")


def test_light_drawings_are_remarked_and_inverted_on_request(spinhop):
    pictures = [CASES / "pictures" / name for name in LIGHT]
    code, said, plain = spinhop("image", *pictures, "--ideal", "--trials", "1")
    assert code == of_text(said) and all(f"{name}: ON: dark pixels" in plain for name in LIGHT)
    assert plain.count("light on dark? give --invert") == 2
    code, said, inverted = spinhop("image", *pictures, "--ideal", "--trials", "1", "--invert")
    assert code == of_text(said) and "give --invert" not in inverted
    assert all(f"{name}: ON: light pixels" in inverted for name in LIGHT)


def test_stored_digits_that_do_not_rest_are_said_to_be_so(spinhop):
    code, out, err = spinhop("image", *[CASES / "pictures" / name for name in DIGITS], "--ideal", "--trials", "1")
    assert code == of_text(out) and all(f"{name}: no rest state" in err for name in DIGITS)
    code, out, err = spinhop("image", CASES / "pictures" / DIGITS[0], "--ideal", "--trials", "1")
    assert code == of_text(out) and "no rest state" not in err  # one alone is one


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cases")
    (folder / "d.yaml").write_text('name: d\nnetwork: {neurons: 2, weights: {patterns: ["10"]}}\ntask: {trials: 2}\n')
    run_design(folder / "d.yaml", out=folder / "run")
    return folder / "run"


@pytest.mark.parametrize("result", _files("results"), ids=lambda path: path.stem)
def test_results_that_are_damaged_or_of_another_kind(finished, tmp_path, result):
    for name in REPLACES[result.stem.split("_")[0]]:
        run = shutil.copytree(finished, tmp_path / name)
        shutil.copyfile(result, run / name)
        code, said = judged("report", run)
        assert code == 2 and f"/{name}: damaged, or of another kind" in said and said.count("\n") == 1, said


@pytest.mark.parametrize("checkpoint", _files("results", "checkpoint*"), ids=lambda path: path.stem)
def test_checkpoints_that_are_damaged(finished, tmp_path, checkpoint):
    """In the place of its own kind: the report needs none, and what would go on from it says so and begins again."""
    run = shutil.copytree(finished, tmp_path / "run")
    shutil.copyfile(checkpoint, run / "recall_drawn.nc.partial")
    code, said = judged("report", run)
    assert code == 0, said
    (run / "recall_drawn.nc").unlink()
    code, said = judged("recall", finished.with_name("d.yaml"), "--out", run)
    assert code in (0, 1) and "recall_drawn.nc.partial: damaged, or no checkpoint" in said, said
    assert (run / "recall_drawn.nc").is_file() and not (run / "recall_drawn.nc.partial").exists()
