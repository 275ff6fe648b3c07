"""Waivers in the design file: rule name → reason."""

import pytest

from hwlib.design import load_design
from hwlib.errors import InputError


def written(tmp_path, waivers):
    path = tmp_path / "d.yaml"
    path.write_text(f"name: d\nnetwork: {{neurons: 4}}\nwaivers: {waivers}\n")
    return path


def test_waivers_are_read(tmp_path):
    design = load_design(written(tmp_path, '{vdw.window: "bench device, axons not used", current.m2: pulsed}'))
    assert design.waivers == {"vdw.window": "bench device, axons not used", "current.m2": "pulsed"}


def test_no_waivers_by_default(tmp_path):
    path = tmp_path / "d.yaml"
    path.write_text("name: d\nnetwork: {neurons: 4}\n")
    assert load_design(path).waivers == {}


@pytest.mark.parametrize(
    "waivers", ["{VDW: because}", '{vdw.window: ""}', '{vdw.window: "  "}', "{'vdw window': because}", "[vdw.window]"]
)
def test_malformed_waivers_are_refused_in_one_line(tmp_path, waivers):
    with pytest.raises(InputError) as caught:
        load_design(written(tmp_path, waivers))
    assert "waivers" in str(caught.value) and "\n" not in str(caught.value)
