"""What to do next: the rule that decides, and a lever that the design file has."""

import re

import pytest

from hwlib.design import Design
from hwlib.findings import Finding
from hwlib.process import load_process, preset_names
from sim.rules import rule_names
from spinhop.schema import reference_page
from spinhop.verdicts.levers import LEVERS, anchor, lever_of
from spinhop.verdicts.next_step import next_step
from spinhop.verdicts.task_advice import advice_on
from spinhop.verdicts.verdict import BROKEN, FAILS, KEPT, NOT_CHECKED, UNDETERMINED, WORKS, VerdictLine

WARNINGS = {
    "erc_drawn": [
        Finding("erc", "ir.drive", "", "warning", measured=0.15, required=0.1),
        Finding("erc", "ir.weight", "", "warning", measured=0.3, required=0.1),
        Finding("erc", "current.load_any", "", "warning", measured=9e-3, required=1e-3),
        Finding("erc", "ir.ground", "", "waived", measured=0.9, required=0.1),
    ]
}
ONE_WAY = {
    "erc_drawn": [Finding("erc", "drive.release", "", "warning", measured=2e-9, required=1e-9), *WARNINGS["erc_drawn"]]
}
CLEAN = {"erc_drawn": []}
TASKS = {
    "recall": {"kind": "recall"}, "images": {"kind": "images"}, "maxcut": {"kind": "maxcut", "graph": "g.txt"},
}  # fmt: skip


def function(word, ideal=WORKS, at_rest=20, accuracy=0.9):
    drawn = {"verdict": word, "accuracy_mean": accuracy, "trials": 20, "at_rest": at_rest}
    return VerdictLine(
        "function", word, "", {"required_accuracy": 0.95, "drawn": drawn, "ideal": drawn | {"verdict": ideal}}
    )


def limits(word, rule="current.m2"):
    return VerdictLine("limits", word, "", {"rule": rule})


def restless_matrix():
    """Of weights from a matrix: nothing to compare with."""
    facts = {"required_accuracy": 0.95, "drawn": {"verdict": FAILS, "trials": 1, "at_rest": 0}}
    return VerdictLine("function", FAILS, "", facts)


@pytest.mark.parametrize(
    ("task", "kept", "findings", "rule", "begins"),
    [
        (function(WORKS), limits(BROKEN, "m2.width"), WARNINGS, "m2.width", "mend m2.width first; what helps: a look"),
        (function(FAILS), limits(BROKEN, "lvs.open"), WARNINGS, "lvs.open", "mend lvs.open first; what helps: a look"),
        (function(FAILS), limits(KEPT), WARNINGS, "ir.weight", "the wires decide, most of all ir.weight; what helps: "),
        (function(FAILS), limits(KEPT), ONE_WAY, "drive.release", "wires drive all somas the same way from the start"),
        (function(FAILS), limits(KEPT), CLEAN, "drive.path", "ideal wires work, so the drawn ones decide; what helps"),
        (function(FAILS, FAILS), limits(KEPT), WARNINGS, "drive.pattern", "ideal wires fail too"),
        (function(FAILS, FAILS, 18), limits(KEPT), WARNINGS, "drive.pattern", "ideal wires fail too"),
        (function(FAILS, FAILS, 18, 0.97), limits(KEPT), CLEAN, "leak.axon_time", "the bits are right, but not every"),
        (restless_matrix(), limits(KEPT), CLEAN, "leak.axon_time", "not every trial rests in time; what helps"),
        (function(WORKS), limits(KEPT), WARNINGS, "current.load_any", "nothing has to change; the largest warning is"),
        (function(WORKS), limits(KEPT), CLEAN, "current.m2", "nothing has to change; the nearest limit is current.m2"),
        (function(WORKS), limits(NOT_CHECKED), {}, "", "check the limits: spinhop check"),
        (function(WORKS), None, {}, "", "nothing has to change for its task; check its limits too"),
        (function(UNDETERMINED), limits(KEPT), CLEAN, "", "give undetermined trials another start"),
        (VerdictLine("function", UNDETERMINED, "", {}), limits(KEPT), CLEAN, "", "simulate it as drawn"),
        (None, limits(KEPT), CLEAN, "current.m2", "simulate it: spinhop run DESIGN; the nearest limit is current.m2"),
    ],
)  # fmt: skip
def test_next_step(task, kept, findings, rule, begins):
    step = next_step(task, kept, findings)
    assert step.rule == rule and str(step).startswith(begins)
    assert step.data()["lever"] == (lever_of(rule).change if rule else "")


@pytest.mark.parametrize(
    ("kind", "kelvin", "rule", "begins", "unsure"),
    [
        ("recall", None, "drive.pattern", "ideal wires fail too, so change the task or the weights", "patterns that"),
        ("images", None, "task.images", "ideal wires fail too, so change the pictures", "pictures that are less alike"),
        ("maxcut", None, "task.maxcut", "ideal wires fail too, so change the starts or the mapping", "--restarts"),
        ("maxcut", 300.0, "task.temperature", "ideal wires fail too, so see whether it works without its 300 K", ""),
        ("recall", 4.0, "task.temperature", "ideal wires fail too, so see whether it works without its 4 K", "seed"),
    ],
)
def test_advice_is_for_the_task_at_hand(kind, kelvin, rule, begins, unsure):
    point = {"temperature": kelvin, "load": 16e-9} if kelvin else {}
    design = Design.model_validate(
        {"name": "d", "network": {"neurons": 3}, "task": TASKS[kind], "operating_point": point},
        context={"unread": True},
    )
    step = next_step(function(FAILS, FAILS), limits(KEPT), CLEAN, advice_on(design))
    assert step.rule == rule and str(step).startswith(begins)
    assert kind == "recall" or "spinhop train" not in str(step)
    step = str(next_step(function(UNDETERMINED), limits(KEPT), CLEAN, advice_on(design)))
    assert unsure in step and ("patterns" in step) == (kind == "recall")


def test_ideal_wires_alone_are_no_others_too():
    alone = VerdictLine("function", FAILS, "", {"ideal": {"verdict": FAILS}})
    assert str(next_step(alone, None, {})).startswith("ideal wires fail, so")
    alone = VerdictLine("function", UNDETERMINED, "", {"ideal": {"verdict": UNDETERMINED}})
    assert str(next_step(alone, None, {})).startswith("give undetermined trials another start")


def test_a_broken_rule_of_earlier_checks_is_not_passed_over():
    findings = {"erc_drawn": [*WARNINGS["erc_drawn"], Finding("erc", "leak.axon_time", "", "error")]}
    step = next_step(function(WORKS), None, findings)
    assert step.rule == "leak.axon_time"
    assert str(step).startswith("mend leak.axon_time first, which a check of this design found broken")


def test_every_rule_has_a_lever_of_its_own():
    for name in preset_names():
        for rule in rule_names(load_process(name)):
            assert lever_of(rule).rule not in ("*", "lvs.*"), rule
    assert lever_of("lvs.short").title == "layout against netlist" and lever_of("m2.width").title == "design rules"


def test_levers_are_fields_and_commands_that_exist():
    page = reference_page()
    for lever in LEVERS:
        for word in re.findall("`([^`]*)`", lever.change):
            field = word.split(":")[0].split(".")[-1]
            if not word.startswith("spinhop ") and not word.endswith((".lvsdb", ".lyrdb", ".json")):
                assert f"`{field}`" in page, word


def test_anchors_are_names_of_their_own():
    anchors = [anchor(lever) for lever in LEVERS]
    assert len(set(anchors)) == len(LEVERS) and all(re.fullmatch("[a-z0-9-]+", each) for each in anchors)
