"""The verdict: its words by hand, and that failing designs and layouts are told the same by every command."""

import html
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import klayout.db as kdb
import numpy as np
import pytest

from hwlib.findings import Finding
from spinhop.verdicts.verdict import TrialCounts, function_line, limits_line


def trials(rest, accuracy=None, unsure=()):
    sure = np.zeros(len(rest), bool)
    sure[list(unsure)] = True
    return TrialCounts(np.array(rest, bool), None if accuracy is None else np.array(accuracy, float), sure)


@pytest.mark.parametrize(
    ("rest", "accuracy", "unsure", "word"),
    [
        ([1, 1, 1, 1], [1, 1, 1, 0.8], (), "works"),  # exactly 95 %
        ([1, 1, 1, 1], [1, 1, 1, 0.79], (), "does not work"),
        ([1, 1, 1, 0], [1, 1, 1, 1], (), "does not work"),  # one has no answer
        ([1, 1, 1, 1], [1, 1, 1, 1], (3,), "undetermined"),  # 75 % if it is wrong
        ([1, 1, 1, 1], [0.5, 0.5, 0.5, 1], (3,), "does not work"),  # whichever way it falls
        ([1] * 20, [1] * 20, (3,), "works"),  # still 95 % if it is wrong
        ([1, 0], [1, 0.5], (1,), "undetermined"),
        ([1], None, (), "comes to rest"),  # at which state nobody knows whether it should
        ([0], None, (), "does not work"),
        ([1], None, (0,), "undetermined"),
    ],
)
def test_words_of_the_function(rest, accuracy, unsure, word):
    found = trials(rest, accuracy, unsure)
    assert found.word(0.95) == word
    line = function_line(0.95, found, trials([1], None if accuracy is None else [1.0]))
    assert (line.word, line.failed) == (word, word == "does not work")
    assert str(line).startswith(f"function: {word}, as drawn: ") and line.data()["drawn"]["trials"] == len(rest)


def test_the_accuracy_that_is_required_is_that_of_the_design():
    found = trials([1, 1], [0.9, 0.9])
    assert [found.word(x) for x in (0.5, 0.9, 0.95)] == ["works", "works", "does not work"]


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        (([1], [0.98]), "works"),  # whatever the trials that were not chosen do
        (([1], [0.5]), "does not work"),
        (([0], [0.98]), "does not work"),  # none of the trials has an answer
        (([1], [0.98], (0,)), "undetermined"),
        (([1, 0], [0.98, 0.98]), "does not work"),  # one of two graphs has none
    ],
)
def test_where_the_best_of_several_trials_is_the_answer_the_answers_count(answers, word):
    five = trials([1, 1, 1, 1, 0], [0.98] * 5, (3,))
    assert five.word(0.878) == "does not work" and "answers" not in five.facts(0.878)
    found = replace(five, answers=trials(*answers))
    line = function_line(0.878, None, found, alone=True)
    assert (found.word(0.878), line.word, line.data()["ideal"]["verdict"]) == (word, word, word)
    assert "best of 4 of 5 trials at rest, 1 undetermined" in str(line)
    assert [found.facts(0.878)[name] for name in ("trials", "at_rest", "answers", "answers_at_rest")] == [
        5, 4, len(answers[0]), sum(answers[0])
    ]  # fmt: skip


def test_a_share_just_below_what_is_required_is_not_rounded_to_it():
    line = str(function_line(0.95, trials([1], [0.9499]), None))
    assert "does not work" in line and "accuracy 94.9900 % (needs" in line and "needs 95 %" in line


def test_what_ideal_wires_do_stands_beside():
    good, bad = trials([1], [1.0]), trials([1], [0.5])
    assert str(function_line(0.95, bad, good)).endswith("ideal wires: works, accuracy 100.0 %, 1 of 1 trials at rest")
    assert str(function_line(0.95, bad, bad)).endswith("1 of 1 trials at rest, so no wire is to blame")
    assert "blame" not in str(function_line(0.95, good, bad))
    alone = function_line(0.95, None, bad, alone=True)
    assert alone.failed and "as drawn" not in str(alone)
    assert function_line(0.95, None, good, "no network").word == "undetermined"


def row(rule, status, margin, severity="error"):
    return {"rule": rule, "status": status, "margin": margin, "severity": severity, "where": "soma 1"}


def points(**rules):
    return {name: {"rules": rows} for name, rows in rules.items()}


def erc(rule, severity):
    return Finding("erc", rule, "", severity)


def test_limits_kept_name_the_error_that_is_nearest():
    rules = [row("a.b", "pass", 0.5), row("a.c", "pass", 0.1), row("a.d", "pass", 0.01, "warning"),
             row("a.e", "warning", -3.0, "warning"), row("a.f", "pass", None)]  # fmt: skip
    line = limits_line(
        {"drc": [], "erc_ideal": [], "erc_drawn": [erc("a.e", "warning")]},
        points(erc_ideal=[row("a.c", "pass", 0.05)], erc_drawn=rules), {},
    )  # fmt: skip
    assert str(line) == "limits: kept, worst a.c, margin +10.0 %, at soma 1, as drawn (1 warning)"
    assert (line.failed, line.facts["margin"], line.facts["check"]) == (False, 0.1, "erc_drawn")


def test_limits_waived_and_broken_count_each_rule_once():
    rules = [row("a.b", "error", -0.5), row("a.c", "waived", -2.0), row("a.d", "error", -0.7)]
    found = [erc("a.b", "error"), erc("a.c", "waived"), erc("a.d", "error")]
    line = limits_line({"erc_ideal": found, "erc_drawn": found}, points(erc_ideal=rules, erc_drawn=rules), {})
    assert str(line) == "limits: broken, worst a.d, margin −70.0 %, at soma 1, as drawn (2 broken, 1 waived)"
    assert line.failed
    line = limits_line({"erc_drawn": found[1:2]}, points(erc_drawn=rules[1:2]), {})
    assert str(line) == "limits: waived, worst a.c, margin −200.0 %, at soma 1, as drawn (1 waived)" and not line.failed


def test_a_warning_that_is_waived_breaks_nothing():
    """One rule may be a warning in one network and an error in another: waived as an error it counts."""
    rules = [row("a.b", "pass", 0.5), row("a.c", "waived", -2.0, "warning"), row("a.d", "waived", -3.0, "warning")]
    found = {"erc_ideal": [], "erc_drawn": [erc("a.c", "waived"), erc("a.d", "waived")]}
    line = limits_line(found, points(erc_ideal=[row("a.c", "pass", 0.1, "warning")], erc_drawn=rules), {})
    assert str(line) == "limits: kept, worst a.b, margin +50.0 %, at soma 1, as drawn (2 warnings waived)"
    assert (line.facts["waived"], line.facts["warnings_waived"]) == (0, 2)
    line = limits_line(found, points(erc_ideal=[row("a.c", "waived", -0.1, "error")], erc_drawn=rules), {})
    assert str(line) == "limits: waived, worst a.c, margin −10.0 %, at soma 1, ideal wires (1 waived, 1 warning waived)"


def test_a_drawing_with_errors_comes_first():
    drc = [Finding("drc", "m2.width", "")] * 3 + [Finding("drc", "m1.space", "")]
    rules = [row("a.b", "error", -0.5)]
    line = limits_line(
        {"drc": drc, "lvs": [], "erc_ideal": [erc("a.b", "error")]}, points(erc_ideal=rules),
        {"erc_drawn": "the drawing has errors"},
    )  # fmt: skip
    assert str(line) == (
        "limits: broken, worst m2.width of the design rules, 3 times (3 broken); operating point as drawn not judged: "
        "the drawing has errors"
    )


def test_one_error_is_told_as_one():
    line = limits_line({"drc": [Finding("drc", "m2.width", "")]}, {}, {})
    assert "m2.width of the design rules, once (1 broken)" in str(line)


def test_nothing_checked_is_neither_kept_nor_broken():
    line = limits_line({}, {}, {})
    assert line.word == "not checked" and not line.failed and line.kind == "unsure"


# --- commands on designs and layouts that fail

DESIGN = "name: small\nnetwork: {neurons: 3, weight_style: lines, weights: {patterns: ['101']}}\ntask: {trials: 2}\n"
SLOW = DESIGN + "operating_point: {axon_leak: -1 mm/s}\n"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A small design that works, and its finished run, of which each test takes a copy."""
    from spinhop.running import run_design

    folder = tmp_path_factory.mktemp("verdict")
    design = folder / "small.yaml"
    design.write_text(DESIGN)
    return design, run_design(design, out=folder / "run").folder


def copied(run, folder):
    """A copy of a finished run in ``folder/run``, with the times of its files."""
    return Path(shutil.copytree(run, folder / "run"))


def verdict(spinhop, design, folder, *options):
    """Exit code and the two lines of a run, which check, recall and report must repeat."""
    code, out, _ = spinhop("run", design, "--out", folder, *options)
    lines = out.splitlines()[-3:-1]
    page = html.unescape((folder / "report.html").read_text())
    assert all(line in page for line in lines)
    assert spinhop("report", folder)[1].splitlines()[-3:-1] == lines
    checked, out, _ = spinhop("check", design, "--out", folder, *options)
    assert out.splitlines()[-2] == lines[1]
    assert code == int(checked == 1 or "does not work" in lines[0])
    return code, lines


def test_axons_too_slow_neither_work_nor_keep_the_limits(spinhop, tmp_path):
    design = tmp_path / "small.yaml"
    design.write_text(SLOW)
    code, lines = verdict(spinhop, design, tmp_path / "run")
    assert code == 1 and lines[0].startswith("function: does not work, as drawn: accuracy")
    assert "0 of 2 trials at rest" in lines[0] and lines[0].endswith("so no wire is to blame")
    assert lines[1].startswith("limits: broken, worst ")
    found = json.loads(spinhop("check", design, "--out", tmp_path / "run", "--json")[1])["findings"]
    for kind in ("erc_ideal", "erc_drawn"):
        assert "leak.axon_time" in {finding["rule"] for finding in found[kind] if finding["severity"] == "error"}
    code, out, _ = spinhop("recall", design, "--out", tmp_path / "run")
    assert code == 1 and out.splitlines()[-2] == lines[0]


def narrow(layout):
    """A strip of metal 2, too narrow and far from everything."""
    layout.top_cell().shapes(layout.layer(12, 0)).insert(kdb.DBox(5.0, 5.0, 5.01, 5.5))


def edited(gds, path, change):
    layout = kdb.Layout()
    layout.read(str(gds))
    change(layout)
    layout.write(str(path))
    return path


def test_a_layout_that_breaks_a_design_rule_is_simulated_all_the_same(spinhop, drawn, tmp_path):
    design, finished = drawn
    copied(finished, tmp_path)
    layout = edited(finished / "layout.gds", tmp_path / "narrow.gds", narrow)
    code, lines = verdict(spinhop, design, tmp_path / "run", "--layout", layout)
    assert code == 1 and lines[0].startswith("function: works, as drawn: accuracy 100.0 %")
    assert lines[1].startswith("limits: broken, worst m2.") and "not judged: the drawing has errors" in lines[1]
    assert spinhop("recall", design, "--out", tmp_path / "run", "--layout", layout)[1].splitlines()[-2] == lines[0]


def test_a_layout_that_cannot_be_extracted_is_told_and_reported(spinhop, drawn, tmp_path):
    """A plate of metal 2 over everything shorts drives and ground: no network, but a verdict and a report."""

    def plate(layout):
        layout.top_cell().shapes(layout.layer(12, 0)).insert(layout.top_cell().dbbox())

    design, finished = drawn
    copied(finished, tmp_path)  # results of a good drawing are there
    layout = edited(finished / "layout.gds", tmp_path / "plate.gds", plate)
    code, lines = verdict(spinhop, design, tmp_path / "run", "--layout", layout)
    assert code == 1 and lines[0].startswith("function: undetermined, the drawing cannot be extracted (")
    assert "ideal wires: works, accuracy 100.0 %" in lines[0] and lines[1].startswith("limits: broken")
    assert not (tmp_path / "run" / "recall_drawn.nc").exists() and not (tmp_path / "run" / "erc_drawn.json").exists()
    data = json.loads(spinhop("run", design, "--out", tmp_path / "run", "--layout", layout, "--json")[1])
    assert set(data["outcome"]) == {"ideal"} and data["function"]["verdict"] == "undetermined"
    recall = spinhop("recall", design, "--out", tmp_path / "run")[1].splitlines()  # and it goes on with a good one
    assert "cannot be extracted" not in recall[-1]
    assert spinhop("simulate", design, "--out", tmp_path / "run")[0] == 0
    assert spinhop("report", tmp_path / "run")[1].splitlines()[-3] == recall[-2]
    assert "accuracy as drawn" in (tmp_path / "run" / "report.html").read_text()
    assert spinhop("run", design, "--out", tmp_path / "run")[0] == 0


def test_results_of_an_earlier_design_or_layout_are_not_taken_for_this_one_s(spinhop, drawn, tmp_path):
    design, run = tmp_path / "small.yaml", copied(drawn[1], tmp_path)
    design.write_text(DESIGN)
    layout = edited(run / "layout.gds", tmp_path / "narrow.gds", narrow)
    assert spinhop("check", design, "--out", run, "--layout", layout)[0] == 1
    function, limits = spinhop("report", run)[1].splitlines()[-3:-1]
    assert function.startswith("function: undetermined, the trials are of an earlier design or layout, run it again")
    assert limits.startswith("limits: broken, worst m2.")
    assert spinhop("recall", design, "--out", run)[0] == 0
    assert spinhop("report", run)[1].splitlines()[-2] == "limits: not checked, run spinhop check"
    design.write_text(SLOW)
    assert spinhop("check", design, "--out", run)[0] == 1
    code, _, err = spinhop("report", run)
    assert code == 2 and "of another design" in err


TIE = """name: tie4
network: {neurons: 4, weights: {patterns: ["1100"]}}
task: {starts: ["1010", "1100", "0011", "0000", "1111"]}
operating_point: {weight: 92 mV, v_charge: 80 mV}
"""


def test_a_check_does_not_say_of_a_network_that_fails_that_nothing_has_to_change(spinhop, tmp_path):
    design, run = tmp_path / "tie4.yaml", tmp_path / "run"
    design.write_text(TIE)

    def step():
        code, out, _ = spinhop("check", design, "--out", run)
        said = out.splitlines()[-1]
        assert code == 0 and said.replace("`", "").removeprefix("next: ") in re.sub(
            "</?code>", "", html.unescape((run / "checks.html").read_text())
        )
        return said

    assert step().startswith("next: simulate it: spinhop run DESIGN; the largest warning is ")
    assert spinhop("run", design, "--out", run)[0] == 1
    checks = (run / "checks.html").stat().st_mtime_ns
    assert step().startswith("next: the network does not work: ideal wires fail too, so change the task")
    assert (run / "checks.html").stat().st_mtime_ns == checks  # the run has written it
    (run / "recall_drawn.nc").write_bytes(b"damaged")
    assert step().startswith("next: simulate it: spinhop run DESIGN")
