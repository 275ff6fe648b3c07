"""The PDK's cells are what they were (``make golden`` renews them), and rebuild from what their netlists say."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb
import pytest
from ruamel.yaml import YAML

from hwlib.process import load_process
from layouts.pdk import make_pdk
from layouts.writer import write_layout
from tests.support.golden_cells import PROCESSES, differences, drawn, golden_files


@pytest.mark.parametrize("process", PROCESSES)
def test_cells_rebuilt_from_their_settings_are_the_golden_ones(process, tmp_path):
    """Settings, as read from a file, are all that a cell needs, and say of themselves what the file says."""
    polygons, words = golden_files(process)
    kept = YAML(typ="safe").load(words.read_text(encoding="utf-8"))
    assert set(kept) == set(make_pdk(load_process(process)).cells), "cells come or go: make golden"
    top, said = drawn(process, {name: cell["settings"] for name, cell in kept.items()})
    for name, cell in said.items():
        assert cell["component"] == name
        assert cell == kept[name], f"{name}: settings or ports differ; make golden if that is meant"
    found = differences(polygons, write_layout(top, tmp_path / "again.oas"))
    assert not found, "\n".join([*found, "make golden if that is meant"])


@pytest.mark.parametrize("process", PROCESSES)
def test_settings_are_plain_and_in_micrometres(process):
    kept = YAML(typ="safe").load(golden_files(process)[1].read_text(encoding="utf-8"))
    for name, cell in kept.items():
        assert cell["settings"]["process"] == process
        for key, value in cell["settings"].items():
            assert value is None or isinstance(value, (str, int, float)), (name, key)
        for *numbers, layer, kind in cell["ports"].values():
            assert kind == "electrical" and layer.lower() in load_process(process).layers
            assert numbers[2] > 0 and numbers[3] in (0, 90, 180, 270)


def test_a_difference_is_told_by_cell_layer_and_place(tmp_path):
    """Fails when one polygon of one cell moves by a nanometre, and says which."""
    polygons, _ = golden_files("ebeam")
    layout = kdb.Layout()
    layout.read(str(polygons))
    layout.cell("golden_pad").shapes(layout.layer(14, 0)).insert(kdb.Box(10_000, 0, 10_001, 10))
    changed = Path(tmp_path / "changed.oas")
    layout.write(str(changed))
    (line,) = differences(polygons, changed)
    assert line.startswith("pad, layer 14/0: 1 pieces differ, 10 nm² within (10000, 0)")
