"""Layouts that went wrong once, where they are at hand beside the repository: each gives what its README says."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwlib.checks import drc, lvs
from hwlib.design import load_design
from hwlib.errors import InputError
from hwlib.extraction import extract

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases" / "layouts"
# What must be found as an error; nothing else may be. None: the extraction accepts it as well.
EXPECTED = {
    "false_alarm_pad_above_macro": set(), "lvs_crash_labels_in_subcells": set(), "lvs_hangs_on_wrapped_macro": set(),
    "magnified_instance_false_alarm": set(), "rot90_changes_R": set(),
    "figure_of_eight_short": {"m3.simple", "lvs.short"}, "label_on_no_metal": {"lvs.label"},
    "lvs_crash_uppercase_labels": {"lvs.label"}, "row_deleted_crash": {"lvs.missing"},
}  # fmt: skip

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here (../shared/cases/layouts)")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_layout_that_went_wrong_gives_what_is_right(name):
    folder = CASES / name
    design = load_design(folder / "design.yaml")
    process, layout = design.load_process(), next(folder.glob("layout.*"))
    rules = {f.rule for f in drc(layout, process) + lvs(layout, process, design) if f.severity == "error"}
    assert EXPECTED[name] <= rules and bool(rules) == bool(EXPECTED[name]), rules
    if rules:
        with pytest.raises(InputError, match="layout"):
            extract(layout, process, design)
    else:
        assert extract(layout, process, design).devices == design.network.neurons**2
