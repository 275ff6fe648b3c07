"""``spinhop order``: what it says of the order found is what the rules say of the design that it writes."""

import json

import numpy as np
import pytest

import sim
from hwlib.design import load_design
from spinhop.extracted_network import draw_and_extract
from tests.support.compiling_line import without_compiling

WEST = "name: d\nprocess: copper\nnetwork: {neurons: 6, feeds: {weight: west, vdw: west, ground: south}%s}\n"


def margin_of(path, rule):
    design = load_design(path)
    report = sim.judge(draw_and_extract(design), design, design.load_process())
    return next(outcome.margin for outcome in report.outcomes if outcome.rule == rule)


@pytest.mark.parametrize(("rule", "given"), [("drive.pattern", (3, 0, 5, 2, 4, 1)), ("drive.path", (1, 3, 0, 4, 2, 5))])
def test_the_order_found_has_more_room_by_the_rule_itself(spinhop, tmp_path, rule, given):
    """Both files are drawn, extracted and judged again; the same seed finds the same order."""
    path = tmp_path / "d.yaml"
    path.write_text(WEST % f", order: {list(given)}")
    asked = ("order", path, "--rule", rule, "--tries", "1", "--seed", "3", "--rules-only", "--force", "--json")
    code, out, err = spinhop(*asked)
    said = json.loads(out)
    assert without_compiling(err) == "" and code == (said["limits"]["verdict"] == "broken") and said["tried"] == 6
    made = load_design(said["design"])
    assert sorted(made.network.order) == list(range(6)) and list(made.network.order) == said["order"]
    assert np.array_equal(made.weight_levels(), load_design(path).weight_levels())
    margins = [margin_of(each, rule) for each in (path, said["design"])]
    assert said["margin"] == pytest.approx(margins) and margins[1] > margins[0]
    if rule == "drive.path":
        assert json.loads(spinhop(*asked)[1])["order"] == said["order"]


def test_the_given_order_is_kept_where_none_is_better(spinhop, tmp_path):
    path = tmp_path / "d.yaml"
    path.write_text(WEST % ", order: [3, 0, 5, 2, 4, 1]")
    _, out, _ = spinhop("order", path, "--rule", "drive.path", "--tries", "0", "--rules-only", "--json")
    said = json.loads(out)
    assert said["order"] == [3, 0, 5, 2, 4, 1] and said["margin"][0] == said["margin"][1]
    code, _, err = spinhop("order", path, "--rules-only")
    assert code == 2 and "exists already" in err


def test_refused_in_one_line(spinhop, tmp_path):
    (tmp_path / "a.txt").write_text("3 2\n1 2 1\n2 3 1\n")
    (tmp_path / "b.txt").write_text("3 2\n1 2 1\n1 3 1\n")
    path = tmp_path / "d.yaml"
    for text, told in (
        (WEST % "" + "compensation: {v_dw: 60 mV}\n", "compensation: its voltages are for its own order"),
        (
            "name: d\nnetwork: {weight_style: lines}\ntask: {kind: maxcut, graphs: [a.txt, b.txt]}\n",
            "task: its trials differ in weights",
        ),
    ):
        path.write_text(text)
        code, _, err = spinhop("order", path, "--rules-only")
        assert code == 2 and told in err and err.count("\n") == 1 and not (tmp_path / "d_ordered.yaml").exists()
