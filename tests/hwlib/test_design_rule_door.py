"""A kind of design rules from outside the package, in the check and in KLayout's own script."""

from __future__ import annotations

import os
import shutil
import subprocess

import klayout.db as kdb
import klayout.rdb as rdb
import pytest

from hwlib.checks import drc, drc_script
from hwlib.checks.design_rules.kind import RULE_KINDS, RuleKind, register
from hwlib.checks.design_rules.ruby import micrometres, output
from hwlib.checks.design_rules.rule import SOURCES, Rule, add_source
from hwlib.process import load_process


def _check(checker, rule):
    for cell, shape in checker.each(
        checker.region(rule.layers[0]).with_bbox_max(checker.steps(rule.value), None, False)
    ):
        yield checker.finding(rule, cell, shape.bbox(), "a wire of m1 is too long", None, "")


def _write(rule, process):
    return f"l_{rule.layers[0]}.with_bbox_max({micrometres(rule.value)}, nil){output(rule)}"


@pytest.fixture
def longest():
    """No shape of metal 1 of 2 µm or more."""
    register(RuleKind("length", "Wires are short enough.", _check, _write))
    source = add_source(lambda process: [Rule("m1.length", "length", ("m1",), 2e-6, "shorter than 2 um")])
    yield
    del RULE_KINDS["length"]
    SOURCES.remove(source)


@pytest.fixture
def layout(tmp_path):
    """Two wires of metal 1, one of them 3 µm long."""
    made = kdb.Layout()
    top, m1 = made.create_cell("top"), made.layer(*load_process("ebeam").layers["m1"].gds)
    top.shapes(m1).insert(kdb.Box(0, 0, 3000, 60))
    top.shapes(m1).insert(kdb.Box(0, 1000, 1500, 1060))
    for name in ("track", "pillar"):  # without them it is no layout of the process
        top.shapes(made.layer(*load_process("ebeam").layers[name].gds)).insert(kdb.Box(0, 2000, 100, 2050))
    made.write(str(tmp_path / "in.gds"))
    return tmp_path / "in.gds"


def test_the_check_runs_it(longest, layout):
    (found,) = [f for f in drc(layout, load_process("ebeam")) if f.rule == "m1.length"]
    assert (found.x, found.y) == pytest.approx((1.5e-6, 30e-9)) and found.severity == "error"


@pytest.mark.skipif(shutil.which("klayout") is None, reason="the KLayout application is not installed")
def test_klayout_s_own_check_runs_it(longest, layout):
    folder = layout.parent
    (folder / "rules.drc").write_text(drc_script(load_process("ebeam")))
    subprocess.run(
        ["klayout", "-b", "-r", "rules.drc", "-rd", "input=in.gds", "-rd", "report=out.lyrdb"], cwd=folder, check=True,
        capture_output=True, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    database = rdb.ReportDatabase("")
    database.load(str(folder / "out.lyrdb"))
    assert {c.name(): c.num_items() for c in database.each_category()}["m1.length"] == 1


def test_a_kind_is_registered_once(longest):
    with pytest.raises(ValueError, match="there is a kind of design rules length already"):
        register(RULE_KINDS["length"])
