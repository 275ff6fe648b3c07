"""The page of a search says which design it is of, and has no section of nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import matplotlib.figure
import pytest

from spinhop.optimize.search_history import SearchTrial
from spinhop.optimize.search_page import write_front
from spinhop.optimize.trial_evaluation import Judged
from spinhop.plotting import plot_store

GOOD = Judged([0.0] * 5, "", {"time": 1e-7, "energy": 1e-12, "edp": 1e-19, "area": 1e-12, "accuracy": 1.0})
POINT = '{"v_dw": "auto", "weight": "92 mV"}'
BAD = Judged([0.0, 0.5, 0.0, 0.0, 0.0], "ideal wires: leak.soma", {})


@pytest.mark.parametrize(
    ("judged", "headings"),
    [
        ([GOOD], ["Front", "Trial 0 beside its bounds", "Made with"]),
        ([GOOD, BAD], ["Front", "Trial 0 beside its bounds", "Why others fail", "Made with"]),
        ([BAD, BAD], ["Front", "Why others fail", "Made with"]),
    ],
)
def test_sections_are_of_what_there_is(judged, headings, tmp_path):
    trials = [SearchTrial(k, {}, each) for k, each in enumerate(judged)]
    front, failed = [t for t in trials if t.judged is GOOD], sum(each is BAD for each in judged)
    write_front(tmp_path, trials, front, [], ["time", "energy"], {"design": "small", "point": POINT})
    page = (tmp_path / "index.html").read_text()
    assert re.findall("<h2[^>]*>([^<]*)", page) == headings and "small: search</h1>" in page
    assert "v_dw: auto, weight: 92 mV<" in page and ("100 ns" in page) == bool(front)
    assert (f"all {failed}<" in page) == (failed > 0)
    assert ("<img" in page, "no design holds every rule and does its task" in page) == (bool(front), not front)


def test_numbers_have_the_units_of_other_pages(tmp_path):
    bounds = [
        {"name": name, "formula": "x < y", "unit": unit, "value": value, "limit": 2 * value, "margin": 0.5}
        for name, unit, value in (("current.m3", "A", 2.5e-5), ("thermal", "1", 17.5), ("track", "A/m^2", 1e12))
    ]
    trial = SearchTrial(0, {}, replace(GOOD, bounds=bounds))
    write_front(tmp_path, [trial], [trial], [], ["time", "energy"], {})
    cells = re.findall("<td[^>]*>([^<]*)", (tmp_path / "index.html").read_text())
    assert {"100 ns", "1 pJ", "1 µm²", "25 µA", "50 µA", "17.5", "1e+12 A/m²"} <= {*cells}


def test_the_page_and_its_picture_tell_values_as_the_terminal_does(tmp_path, monkeypatch):
    """Shares had no %, the yield a column of dashes where nobody asked for it; axes were in seconds, times 1e-7."""
    figures = []
    kept = matplotlib.figure.Figure.savefig
    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", lambda f, *a, **k: figures.append(f) or kept(f, *a, **k))
    trials = [SearchTrial(k, {}, replace(GOOD, values=GOOD.values | {"time": (k + 1) * 1e-7})) for k in range(3)]
    write_front(tmp_path, trials, trials[:1], [], ["time"], {"design": "<b>small"})
    page = (tmp_path / "index.html").read_text()
    assert "<title>&lt;b&gt;small: search</title>" in page
    assert ">100 %</td>" in page and "yield" not in page
    assert 'alt="energy against time of all trials' in page and "thermal" in page
    axes = figures[0].axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time (ns)", "energy (pJ)")
    rest, best = (each.get_offsets().tolist() for each in axes.collections)
    assert best == [[100, 1]] and rest == [[200, 1], [300, 1]] and [each.get_text() for each in axes.texts] == ["0"]


def test_the_picture_is_that_of_plot_and_goes_with_its_front(tmp_path):
    """It had units, marks and colours of its own."""
    trials = [SearchTrial(k, {}, replace(GOOD, values=GOOD.values | {"time": (k + 1) * 1e-7})) for k in range(3)]
    about = {"design": "small", "objectives": "time, accuracy"}
    write_front(tmp_path, trials, trials[:1], [], ["time", "accuracy"], about)
    found = plot_store(tmp_path)
    (stem,) = found.figures.values()
    assert (tmp_path / "front.png").read_bytes() == (found.folder / f"{stem}.png").read_bytes()
    write_front(tmp_path, trials, [], [], ["time", "accuracy"], about)
    assert not (tmp_path / "front.png").exists()
