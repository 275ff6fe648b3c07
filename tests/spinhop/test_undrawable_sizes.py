"""Sizes that a process cannot make: one line with file, line and field, before anything is written."""

from __future__ import annotations

import pickle

import pytest

from hwlib.cells.rules import DimensionError
from hwlib.process import preset_text

HEAD = "name: mine\nprocess: ebeam\n"
SIZES = {
    "device.track_width": ("network: {neurons: 4}\ndevice:\n  track_width: 52.5 nm\n", 5, "52.5 nm is off the "),
    "device.pillar_position": ("network: {neurons: 4}\ndevice:\n  pillar_position: 0.503\n", 5, "is off the "),
    "network.dendrite_width": (
        "network:\n  neurons: 4\n  dendrite_width: 20 nm\n", 5, "network.dendrite_width: 20 nm found, rule m3.width of "
    ),
    "network.straps.dendrite": (
        "network:\n  neurons: 4\n  straps:\n    dendrite: {metal: m9}\n", 6, "process ebeam has no "
    ),
}  # fmt: skip


@pytest.mark.parametrize("field", SIZES)
@pytest.mark.parametrize("command", ["run", "check", "simulate", "compensate", "views"])
def test_a_size_is_refused_where_it_stands(spinhop, design_file, tmp_path, monkeypatch, command, field):
    monkeypatch.chdir(tmp_path)
    text, line, why = SIZES[field]
    path = design_file(HEAD + text, "mine.yaml")
    code, out, err = spinhop(command, path)
    assert code == 2 and out == "" and err.count("\n") == 1
    assert f"mine.yaml:{line}: {field}: " in err and why in err, err
    assert [each.name for each in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("grid: 1 nm", "grid: 3 nm", "track_length 100 nm is off the 3 nm grid of process ebeam"),
        ("connects: [m1, m2], size: 30 nm", "connects: [m1, m2], size: 300 nm", "distance of the pillar's metal 1 and"),
    ],
)
def test_a_size_that_the_file_leaves_out_is_named_with_its_section(spinhop, design_file, tmp_path, old, new, why):
    """It was ``mine.yaml:1: track_length``, or ``network.`` and the beginning of the message."""
    (tmp_path / "own.yaml").write_text(preset_text("ebeam").replace(old, new, 1), encoding="utf-8")
    path = design_file("name: mine\nprocess: own.yaml\nnetwork: {neurons: 4}\n", "mine.yaml")
    code, _, err = spinhop("check", path, "--out", tmp_path / "run")
    assert code == 2 and f"mine.yaml:1: device.track_length: {why}" in err, err


def test_ideal_wires_need_no_size_that_can_be_drawn(spinhop, design_file, tmp_path):
    path = design_file(HEAD + SIZES["network.dendrite_width"][0], "mine.yaml")
    assert spinhop("simulate", path, "--ideal", "--out", tmp_path / "run")[0] == 0


def test_the_error_is_the_same_from_another_process():
    error = pickle.loads(pickle.dumps(DimensionError("too narrow", "straps.drive.width")))
    assert (type(error), str(error), error.field) == (DimensionError, "too narrow", "straps.drive.width")
