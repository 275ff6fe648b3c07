"""Process files: presets are complete and have sources; mistakes are named."""

from __future__ import annotations

from importlib import resources

import pytest

from hwlib.errors import LONGEST_LINE, InputError
from hwlib.process import REQUIRED_LAYERS, load_process, preset_names
from hwlib.storage.yaml_text import yaml_text


def _text(preset: str = "ebeam") -> str:
    return resources.files("hwlib").joinpath("processes", f"{preset}.yaml").read_text(encoding="utf-8")


def _fails(tmp_path, text: str) -> str:
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_process(str(path))
    assert all("p.yaml:" in line and len(line) <= LONGEST_LINE for line in caught.value.lines)
    return str(caught.value)


@pytest.mark.parametrize("name", preset_names())
def test_preset_is_complete(name):
    process = load_process(name)
    assert process.name == name
    assert set(REQUIRED_LAYERS) <= set(process.layers)
    assert process.track_sheet_resistance == pytest.approx(1000.0)  # R_M = 2000 Ω at 100 nm × 50 nm
    for via, layer in process.of_kind("via").items():
        low, high = layer.connects
        gap = process.layers[high].bottom - process.layers[via].bottom
        assert process.layers[low].bottom < process.layers[high].bottom
        assert layer.thickness == pytest.approx(gap, abs=1e-12), f"{via} must reach from {low} up to {high}"
        for metal in layer.connects:
            assert any((r.outer, r.inner) == (metal, via) for r in process.enclosures), f"{metal} encloses {via}"


@pytest.mark.parametrize("name", preset_names())
def test_preset_lengths_are_on_the_grid(name):
    process = load_process(name)
    lengths = [x for layer in process.layers.values() for x in (layer.size, layer.min_width, layer.min_space) if x]
    lengths += [rule.margin for rule in process.enclosures] + [rule.space for rule in process.separations]
    for length in lengths:
        assert length / process.grid == pytest.approx(round(length / process.grid), abs=1e-6)


def test_rules_by_pair():
    process = load_process("ebeam")
    assert process.enclosure("m1", "v1") == pytest.approx(5e-9)
    assert process.enclosure("v1", "m1") == 0.0
    assert process.separation("vt", "read") == process.separation("read", "vt") == pytest.approx(15e-9)
    assert process.separation("m1", "m2") == 0.0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sheet_resistance: 1.7 ohm", "sheet_resistance: -1.7 ohm", "m1.sheet_resistance: '-1.7 ohm' is outside"),
        ("sheet_resistance: 1.7 ohm", "sheet_resistance: 1.7 V", "'1.7 V' is not a quantity in ohm"),
        ("gds: [10, 0]", "gds: [12, 0]", "layers.m2.gds: layer m1 has the same GDS number (12, 0)"),
        ("connects: [m1, m2]", "connects: [m1, m9]", ":33: layers.v1.connects.1: unknown layer 'm9'"),
        ("connects: [m1, m2]", "connects: [m1, m1]", ":33: layers.v1.connects: a lower layer and another above it"),
        ("connects: [m1, m2]", "connects: [m2, m1]", "another above it, found [m2, m1]"),
        ("connects: [m1, m2], size: 30 nm", "connects: [m1, m2], size: 30.5 nm",
         ":33: layers.v1.size: 30.5 nm is off the process's grid of 1 nm: no via could be drawn so"),
        ("{outer: m1, inner: v1,", "{outer: v1, inner: v1,",
         ":63: enclosures.8.inner: a rule is between two layers, found 'v1' and itself"),
        ("{outer: read, inner: pillar,", "{outer: pillar, inner: track,",
         ":57: enclosures.2: track encloses pillar too: no shapes can be so"),
        ("{outer: m1, inner: v1,", "{outer: m1, inner: v9,", ":63: enclosures.8.inner: unknown layer 'v9'"),
        ("permittivity: 3.9", "permitivity: 3.9", "permitivity: unknown key, did you mean 'permittivity'?"),
        ("grid: 1 nm", "grid: 0 nm", "grid: '0 nm' is outside 0.1 nm to 1 um"),
        ("  m3: {kind: conductor", "  m6: {kind: conductor", "layers missing: m3"),
        ("gds: [10, 0], label: [10, 10]", "gds: [10, 0]", "a conductor layer needs label"),
        ("#1f77b4", "blue", "layers.m1.color"),
        ("bottom: 103 nm", "bottom: 60 nm", "layers.m2.bottom: a conductor begins above the top of the one below"),
        ("bottom: 103 nm, thickness: 60 nm", "bottom: 103 nm", "layers.m2.thickness: a layer with max_current_density"),
    ],
)  # fmt: skip
def test_mistakes_are_named(tmp_path, old, new, message):
    text = _text()
    assert old in text
    assert message in _fails(tmp_path, text.replace(old, new, 1))


def test_unknown_preset():
    with pytest.raises(InputError, match="unknown preset 'x'; allowed: ") as caught:
        load_process("x")
    assert all(name in str(caught.value) for name in preset_names())


def test_a_changed_file_is_read_again(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text(_text(), encoding="utf-8")
    assert load_process(str(path)).permittivity == 3.9
    path.write_text(_text().replace("permittivity: 3.9", "permittivity: 4.2"), encoding="utf-8")
    assert load_process(str(path)).permittivity == 4.2


@pytest.mark.parametrize("name", preset_names())
def test_what_is_written_reads_back(tmp_path, name):
    process = load_process(name)
    path = tmp_path / "copy.yaml"
    path.write_text(yaml_text(process.model_dump(mode="json", exclude_none=True)), encoding="utf-8")
    back = load_process(str(path))
    assert back.model_dump(mode="json") == process.model_dump(mode="json")
