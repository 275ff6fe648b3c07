"""What stands beside the marks of a figure: legends and ticks can be read, and no two values have one name."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from spinhop.plotting import plot_store
from spinhop.plotting.figure_data import curve, heat_map, histogram
from spinhop.plotting.figure_drawing import drawn, svg, told_svg
from spinhop.plotting.plot_source import open_source
from tests.support.stored_studies import result, store_in

LONG = "processes/of_the_second_run_with_thicker_metals/thick_"


@pytest.mark.parametrize(
    ("column", "names"),
    [
        ([f"{LONG}{k}.yaml" for k in range(3)], ["processes/of…0.yaml", "processes/of…1.yaml", "processes/of…2.yaml"]),
        ([f"{LONG}{k}{LONG}" for k in "abc"], None),
        ([12345, 12346, 12347], ["12345", "12346", "12347"]),
        ([1.00001, 1.00002, 1.00003], ["1.00001", "1.00002", "1.00003"]),
    ],
)
def test_values_whose_short_names_are_the_same_are_lines_of_their_own(column, names, tmp_path):
    """Names cut to 40 characters, numbers to four digits: all but the last of those that became one were left out."""
    columns = {"seed": column * 2, "a.b": [1.0] * 3 + [2.0] * 3}
    source = open_source(store_in(tmp_path / "s", columns, [result(works=float(k % 2)) for k in range(6)]))
    found = curve(source, "a.b", "works", "seed").series
    assert [p.y.value for points in found.values() for p in points] == [0.0, 1.0, 1.0, 0.0, 0.0, 1.0]
    assert len(found) == len(histogram(source, "works", "seed").counts) == 3 and max(map(len, found)) <= 40
    assert names is None or [*found] == names


def test_a_legend_covers_no_mark_and_ticks_do_not_lie_on_each_other(tmp_path):
    columns = {"process": [f"{LONG}{k % 6}.yaml" for k in range(24)], "a.b": [k // 6 / 4 for k in range(24)]}
    source = open_source(store_in(tmp_path / "s", columns, [result(works=1.0, time_mean=1e-7 * k) for k in range(24)]))
    for figure in (
        curve(source, "a.b", "time_mean", "process"), histogram(source, "time_mean", "process"),
        heat_map(source, "process", "a.b", "time_mean"), curve(source, "process", "works"),
    ):  # fmt: skip
        canvas = drawn(figure, source)[0]
        canvas.draw_without_rendering()
        axes = canvas.axes[0]
        for legend in canvas.legends:
            box = legend.get_window_extent()
            assert not box.overlaps(axes.get_window_extent()) and box.x0 > 0 and box.x1 < canvas.bbox.x1
            assert [text.get_text() for text in legend.get_texts()] == [f"processes/of…{k}.yaml" for k in range(6)]
        assert len(canvas.legends) == (figure.title != "works against process" and not hasattr(figure, "means"))
        texts = axes.get_xticklabels()
        upright = [text.get_window_extent() for text in texts if text.get_rotation() == 0]
        assert not any(a.overlaps(b) for a, b in pairwise(upright))
        assert axes.get_window_extent().width > canvas.bbox.width / 2


def across(axes):
    """Where the first mark of each line stands."""
    return [each.get_offsets()[0, 0] for each in axes.collections if str(each.get_gid()).startswith("marks")]


def test_marks_at_one_place_stay_beside_it(tmp_path):
    """Six lines at 60 mV stood as far apart as if the axis were a volt long."""
    columns = {"operating_point.weight": [0.06] * 6, "process": [*"abcdef"]}
    rows = [result(works=1.0, time_mean=1e-7)] * 6
    source = open_source(store_in(tmp_path / "s", columns, rows, units={"operating_point.weight": "V"}))
    axes = drawn(curve(source, "operating_point.weight", "time_mean", "process"), source)[0].axes[0]
    places = across(axes)
    assert len(places) == 6 and np.ptp(places) < 3 and np.mean(places) == pytest.approx(60)
    assert axes.get_xticks().tolist() == [60.0]
    small = open_source(store_in(tmp_path / "t", {"a.b": [1e-4] * 6, "process": [*"abcdef"]}, rows))
    assert np.ptp(across(drawn(curve(small, "a.b", "time_mean", "process"), small)[0].axes[0])) < 5e-6
    cells = drawn(heat_map(source, "operating_point.weight", "process", "time_mean"), source)[0].axes[0]
    assert [text.get_text() for text in cells.get_xticklabels()] == ["60"]


@pytest.mark.parametrize("by", ["", "a.b"])
def test_marks_at_names_are_not_joined_by_lines(by, tmp_path):
    """Between two processes there is none: a line from one to the next told a course in the order of the alphabet."""
    columns = {
        "process": [*"abcabc"],
        "a.b": [1.0] * 3 + [2.0] * 3,
        "seed": [1, 2, 3] * 2,
        "variation.chip": [*range(6)],
    }
    source = open_source(store_in(tmp_path / "s", columns, [result(works=1.0, time_mean=1e-7 * k) for k in range(6)]))
    for x, lines in (("process", 0), ("seed", 0), ("variation.chip", 0), ("a.b", 1)):
        axes = drawn(curve(source, x, "time_mean", "" if x == by else by), source)[0].axes[0]
        assert sum(line.get_linestyle() != "None" for line in axes.lines) == lines


def test_texts_have_the_page_s_colour(tmp_path):
    """The name of a colour bar and its numbers were black on a dark page."""
    columns = {"process": [*"abab"], "a.b": [1.0, 1.0, 2.0, 2.0]}
    source = open_source(store_in(tmp_path / "s", columns, [result(works=1.0, time_mean=1e-7 * k) for k in range(4)]))
    for figure in (
        heat_map(source, "a.b", "process", "time_mean"), curve(source, "a.b", "works", "process"),
        histogram(source, "time_mean", "process"),
    ):  # fmt: skip
        canvas, tips = drawn(figure, source)
        texts = ElementTree.fromstring(told_svg(svg(canvas), tips, "f-")).iter("{http://www.w3.org/2000/svg}text")
        styles = {text.text: text.get("style", "") for text in texts}
        assert len(styles) > 8 and [name for name, style in styles.items() if "fill: var(--ink)" not in style] == []


def test_intervals_of_shares_have_the_page_s_colour(tmp_path):
    rows = [result(works=float(k % 2), accuracy_mean=1.0) for k in range(9)]
    page = plot_store(store_in(tmp_path / "y", {"variation.chip": [*range(9)]}, rows)).page.read_text()
    assert "<svg" in page and "#000000" not in page and "stroke: var(--ink)" in page
