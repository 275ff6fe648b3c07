"""What is said to help a broken rule moves it, on drawn and extracted networks."""

from __future__ import annotations

import pytest

import sim
from hwlib.design import Design
from hwlib.errors import InputError
from hwlib.sections.operating_point_fields import OperatingPoint
from spinhop.designs.trained_design import train_design
from spinhop.extracted_network import draw_and_extract
from spinhop.verdicts.levers import lever_of

VIAS = {"network": {"tile_vias": {"size": "currents"}}}
LESS = {"operating_point": {"weight": "80 mV", "v_charge": "80 mV"}}
WIDER = {"network": {"dendrite_width": "120 nm", "weight_width": "120 nm"}}


def margins(process: str, changes: dict[str, dict[str, object]], neurons: int = 4) -> dict[str, float]:
    design = Design.model_validate(
        {
            "name": "some",
            "process": process,
            "network": {"neurons": neurons, **changes.get("network", {})},
            "operating_point": changes.get("operating_point", {}),
        }
    )
    report = sim.judge(draw_and_extract(design), design, design.load_process())
    return {outcome.rule: outcome.margin for outcome in report.outcomes}


@pytest.fixture(scope="module")
def plain() -> dict[str, dict[str, float]]:
    return {process: margins(process, {}) for process in ("ebeam", "copper")}


@pytest.mark.parametrize(
    ("process", "changes", "helped"),
    [
        ("copper", VIAS, {"current.m1": "tile_vias", "current.v2": "tile_vias"}),
        ("ebeam", LESS, {"current.m1": "operating_point.weight", "current.read": "operating_point.weight"}),
        ("ebeam", WIDER, {"current.m3": "dendrite_width"}),
    ],
)
def test_levers_of_currents_move_their_rules(plain, process, changes, helped):
    after = margins(process, changes)
    for rule, field in helped.items():
        assert f"`{field}" in lever_of(rule).change.replace("network.", "")
        assert after[rule] > plain[process][rule] + 0.1, rule
    if changes is WIDER:  # metal 1 lies in the tiles, and is as wide as the device asks
        assert after["current.m1"] < plain[process]["current.m1"] + 0.02
        assert "_width" not in lever_of("current.m1").change


def test_levers_of_voltages_move_their_rules():
    """Centred somas, once named for both rules of voltages, cost what their feeders lose."""
    plain, centred = margins("ebeam", {}, 8), margins("ebeam", {"network": {"soma_placement": "centred"}}, 8)
    wider = margins("ebeam", {"network": {"drive_width": "120 nm"}}, 8)
    assert wider["ir.drive"] > plain["ir.drive"] + 0.1 and "drive_width" in lever_of("ir.drive").change
    for rule in ("ir.drive", "ir.dendrite"):
        assert centred[rule] < plain[rule] and "centred" not in lever_of(rule).change


def test_levers_of_the_way_to_the_outcome_move_it():
    """Where it fails; wider dendrites, once named too, lengthen what closes the window."""
    plain, drives, dendrites = (
        margins("copper", {"network": widths}, 44)["drive.path"]
        for widths in ({}, {"drive_width": "150 nm"}, {"dendrite_width": "150 nm"})
    )
    assert dendrites < plain < 0 < drives
    assert "drive_width" in lever_of("drive.path").change and "dendrite_width" not in lever_of("drive.path").change


def test_what_is_said_of_training_and_of_the_default_holds(tmp_path):
    """Training was named to designs with rails, which it refuses, and ``v_dw: auto`` to those that have it."""
    (tmp_path / "rails.yaml").write_text("name: rails\nnetwork: {neurons: 3}\n")
    with pytest.raises(InputError, match=r"network\.weight_style: rails; training on the drawn network needs lines"):
        train_design(tmp_path / "rails.yaml", tmp_path / "out.yaml")
    for rule in ("drive.pattern", "state.inverse"):
        assert "`spinhop train`, with `weight_style: lines`" in lever_of(rule).change
    assert "auto` (the default)" in lever_of("vdw.eq4").change and OperatingPoint().v_dw == "auto"
