"""Every rule has a section of the page on rules, by its name; a name with a layer by the same with ``layer``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hwlib.checks.design_rules.rule import design_rules
from hwlib.process import Process, load_process, preset_names
from sim.rules import rule_names

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r'<a id="([\w.]+)"></a>\n\n#### ([\w.]+)\n', PAGE))


def named_on_the_page(rule: str, layers: set[str]) -> str:
    parts = rule.split(".")
    return ".".join("layer" if k != 1 and part in layers else part for k, part in enumerate(parts))


def operating_point_name(rule: str, process: Process) -> str:
    layer = rule.removeprefix("current.")
    return "current.layer" if layer != rule and layer in process.layers and layer != "track" else rule


@pytest.mark.parametrize("preset", preset_names())
def test_every_rule_of_a_process_has_a_section(preset):
    process = load_process(preset)
    for rule in rule_names(process):
        assert operating_point_name(rule, process) in SECTIONS, rule
    for rule in design_rules(process):
        assert named_on_the_page(rule.name, set(process.layers)) in SECTIONS, rule.name


def test_every_rule_of_the_netlist_check_has_a_section():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "hwlib" / "checks").rglob("*.py")]
    told = {rule for text in sources for rule in re.findall(r'"(lvs\.[a-z_]+)"', text)}
    assert told == {name for name in SECTIONS if name.startswith("lvs.")}


def test_sections_are_of_rules_that_there_are_and_called_as_their_anchors():
    assert all(anchor == title for anchor, title in SECTIONS.items()) and len(SECTIONS) > 60
    known = {"layer.density"}  # no preset has a least density
    for process in map(load_process, preset_names()):
        known |= {operating_point_name(rule, process) for rule in rule_names(process)}
        known |= {named_on_the_page(rule.name, set(process.layers)) for rule in design_rules(process)}
    assert {name for name in SECTIONS if not name.startswith("lvs.")} <= known
