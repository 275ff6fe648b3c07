"""Figures of results: their numbers are those of the store, their page needs nothing, and names do no harm."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import h5py
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from scipy import stats

from hwlib.errors import InputError
from hwlib.storage.netcdf import write_netcdf
from sim.tasks.statistics import mean_share
from spinhop.optimize.search_history import SearchTrial
from spinhop.optimize.search_results import search_results
from spinhop.optimize.trial_evaluation import Judged
from spinhop.plotting import plot_source, plot_store
from spinhop.plotting.figure_data import MOST_DOTS, MeanCurve, curve, front_plot, heat_map, histogram
from spinhop.plotting.figure_drawing import COLOURS, drawn
from spinhop.plotting.plot_source import open_source
from spinhop.plotting.yield_drawing import draw_course
from spinhop.plotting.yield_figures import ShareCourse
from spinhop.study.chip_yield import ChipShare
from spinhop.study.point_evaluation import PointResult
from tests.support.stored_studies import result, store_in

SIGMA, CHIP = "variation.spreads.leak.sigma", "variation.chip"


def chips(folder, count=20):
    """Three sigmas, two kinds of wires, chips; half of the last sigma's chips work; times with a spread."""
    columns, results, rng = {"wires": [], SIGMA: [], CHIP: []}, [], np.random.default_rng(4)
    for wires in ("ideal", "drawn"):
        for sigma in (0.0, 0.1, 0.3):
            for chip in range(count):
                for name, value in zip(columns, (wires, sigma, chip), strict=True):
                    columns[name].append(value)
                works = float(sigma < 0.3 or chip % 2)
                results.append(result(works=works, accuracy_mean=0.5 + works / 2, time_mean=1e-7 * rng.normal(1, 0.1)))
    return store_in(folder, columns, results)


def marks(page):
    return re.findall(r'data-tip="([^"]*)"', page.read_text(encoding="utf-8"))


def test_curves_tell_means_and_intervals_of_the_store(tmp_path):
    source = open_source(chips(tmp_path / "s"))
    shares, times = curve(source, SIGMA, "works", "wires"), curve(source, SIGMA, "time_mean", "wires")
    assert list(shares.series) == ["drawn", "ideal"] and [p.x for p in shares.series["ideal"]] == [0.0, 0.1, 0.3]
    last = shares.series["ideal"][2]
    wilson = stats.binomtest(10, 20).proportion_ci(0.95, method="wilson")
    assert last.y == pytest.approx((0.5, wilson.low, wilson.high), rel=1e-12) and last.count == 20
    sure = shares.series["ideal"][0].y
    assert sure.value == 1 and 0.8 < sure.low < 1, "that all of twenty work is no certainty"
    chosen = (source.parameters["wires"] == "drawn") & (source.parameters[SIGMA] == 0.1)
    values = source.numbers["time_mean"][chosen]
    student = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert times.series["drawn"][1].y == pytest.approx((values.mean(), student.low, student.high), rel=1e-12)


@pytest.mark.parametrize("spread", [0.02, 0.2, 2.0])
def test_interval_of_shares_covers_the_mean(spread):
    """Of 400 means of 15 numbers from beta distributions with mean 0.9, no fewer than 95 % less 3.3 deviations."""
    rng = np.random.default_rng(3)
    a, b = 0.9 / spread, 0.1 / spread
    found = [mean_share(rng.beta(a, b, 15)) for _ in range(400)]
    assert np.mean([each.contains(0.9) for each in found]) >= 0.95 - 3.3 * np.sqrt(0.95 * 0.05 / 400)


def test_a_point_by_itself_has_the_interval_that_is_stored_with_it(tmp_path):
    results = [result(accuracy_mean=0.8, accuracy_mean_low=0.7, accuracy_mean_high=0.85) for _ in range(2)]
    source = open_source(store_in(tmp_path / "s", {"a.b": [1.0, 2.0]}, results))
    assert [p.y for p in curve(source, "a.b", "accuracy_mean").series[""]] == [(0.8, 0.7, 0.85)] * 2


def test_points_without_a_network_do_not_work_and_count_in_no_other_mean(tmp_path):
    results = [result(works=1.0, time_mean=1e-7), PointResult(problem="no"), None]
    folder = store_in(tmp_path / "s", {"a.b": [1.0, 1.0, 1.0], "seed": [1, 2, 3]}, results)
    source = open_source(folder)
    assert (source.refused, source.missing) == (1, 1)
    assert curve(source, "a.b", "works").series[""][0].y.value == 0.5
    assert curve(source, "a.b", "time_mean").series[""][0].count == 1
    text = plot_store(folder, tmp_path / "p", x="a.b", y="works").page.read_text(encoding="utf-8")
    assert (
        "1 points have no numbers: a point without a network does not work, and is in no other mean." in text
        and "1 points are not computed yet" in text
    )


def test_heat_maps_and_histograms_count_every_point(tmp_path):
    rng = np.random.default_rng(2)
    a, b = rng.random(500), rng.random(500)
    source = open_source(store_in(tmp_path / "s", {"a.x": a.tolist(), "b.y": b.tolist()}, [
        result(accuracy_mean=x * y) for x, y in zip(a, b, strict=True)
    ]))  # fmt: skip
    found = heat_map(source, "a.x", "b.y", "accuracy_mean")
    assert found.counts.sum() == 500 and found.means.shape == (10, 10)
    inside = (a < found.edges[0][1]) & (b >= found.edges[1][-2])
    assert found.means[-1, 0] == pytest.approx((a * b)[inside].mean(), rel=1e-12)
    assert found.counts[-1, 0] == inside.sum() and sum(histogram(source, "accuracy_mean").counts[""]) == 500


def test_usual_figures_as_svg_and_png_and_a_page_that_needs_nothing(tmp_path, spinhop):
    code, out, err = spinhop("plot", chips(tmp_path / "s"), "--json")
    told = json.loads(out)
    assert code == 0, err
    assert list(told["figures"]) == [f"accuracy_mean against {SIGMA}", f"works against {SIGMA}"]
    folder = tmp_path / "s" / "plots"
    for stem in told["figures"].values():
        assert (folder / f"{stem}.png").read_bytes()[:4] == b"\x89PNG"
        ElementTree.fromstring((folder / f"{stem}.svg").read_bytes())
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert len(marks(folder / "index.html")) == 12 and len(page.encode()) < 200_000
    wilson = stats.binomtest(10, 20).proportion_ci(0.95, method="wilson")
    tip = f"wires = drawn; {SIGMA} = 0.3; works = 0.5 ({wilson.low:.4g} … {wilson.high:.4g}); of 20 points"
    assert tip in marks(folder / "index.html")
    assert not re.search(r'(src|href)="(?!#)|@import|url\((?!#)|fetch\(', page), "it loads something"
    assert "prefers-color-scheme: dark" in page and "#ffffff" not in page.split("<svg")[1].split("</svg>")[0]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    spinhop("plot", tmp_path / "s")
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}, "the same store, the same bytes"


def test_points_that_work_and_break_rules_are_not_shown_as_working_alone(tmp_path):
    results = [result(works=1.0, accuracy_mean=1.0, rules_broken=float(k)) for k in range(3)]
    made = plot_store(store_in(tmp_path / "s", {SIGMA: [0.0, 0.1, 0.2]}, results))
    assert f"rules_broken against {SIGMA}" in made.figures
    assert any("rules_broken = 2" in mark for mark in marks(made.page)), marks(made.page)


def test_a_yield_shows_its_shares_what_they_hang_on_and_the_tightest_rules(tmp_path):
    rng = np.random.default_rng(3)
    spread = rng.lognormal(sigma=0.1, size=64)
    good = spread < 1.05
    rows = [
        result(**{"margin.a": 0.3, "margin.b": 1.05 - x, "accuracy_mean": 1.0, "works": 1.0, "rules_broken": x >= 1.05,
                  "sample.leak.mean": x, "sample.tmr.mean": other})
        for x, other in zip(spread, rng.normal(size=64), strict=True)
    ]  # fmt: skip
    found = plot_store(store_in(tmp_path / "s", {CHIP: list(range(64))}, rows))
    names = list(found.figures)
    assert names[:3] == ["share of chips", "share that works against chips", "what works hangs on"]
    assert names[-3:] == [f"{name}, histogram" for name in ("accuracy_mean", "margin.b", "margin.a")]
    told, count = marks(found.page), int(good.sum())
    exact = stats.binomtest(count, 64).proportion_ci(0.95, method="exact")
    said = f"{count} of 64 chips, {count / 64:.4g} ({exact.low:.4g} … {exact.high:.4g})"
    assert {f"works: {said}", f"rules: {said}", f"b: {said}"} <= set(told)
    assert sum(tip == f"works: {said}" for tip in told) == 2, "a bar, and the end of the course"
    whole = stats.binomtest(64, 64).proportion_ci(0.95, method="exact")
    assert f"task: 64 of 64 chips, 1 ({whole.low:.4g} … 1)" in told
    first = stats.binomtest(int(good[0]), 1).proportion_ci(0.95, method="exact")
    assert f"works: {int(good[0])} of 1 chips, {int(good[0])} ({first.low:.4g} … {first.high:.4g})" in told
    hangs = [tip for tip in told if tip.startswith("b: ") and "of the variance" in tip]
    assert hangs[0].endswith("of the variance by the mean of leak") and float(hangs[0].split()[1]) > 0.9
    text = found.page.read_text()
    assert "Clopper and Pearson" in text and "those that fewest chips keep" in text and "Student" not in text


def test_a_yield_that_needed_fewer_chips_than_it_might_have_lacks_none(tmp_path):
    folder = store_in(
        tmp_path / "y", {CHIP: list(range(9))}, [result(works=float(k % 2)) for k in range(6)] + [None] * 3
    )
    text = plot_store(folder).page.read_text(encoding="utf-8")
    assert "6 chips are judged, of 9 at most." in text and "not computed yet" not in text


def test_axes_of_parameters_have_their_units(tmp_path):
    weights = {"operating_point.weight": [0.06, 0.1]}
    rows = [result(works=1.0, accuracy_mean=1.0, time_mean=1e-7)] * 2
    folder = store_in(tmp_path / "s", weights, rows, units={"operating_point.weight": "V"})
    source = open_source(folder)
    times = drawn(curve(source, "operating_point.weight", "time_mean"), source)[0].axes[0]
    assert (times.get_xlabel(), times.get_ylabel()) == ("operating_point.weight (mV)", "time_mean (ns)")
    assert np.asarray(times.collections[-1].get_offsets()).ravel() == pytest.approx([60.0, 100.0, 100.0, 100.0])
    assert drawn(histogram(source, "time_mean"), source)[0].axes[0].get_xlabel() == "time_mean (ns)"


def test_marks_and_legends_tell_values_in_usual_units(tmp_path):
    places = {"operating_point.weight": [0.06, 0.06, 0.1, 0.1], "device.tmr": [2.0, 3.0, 2.0, 3.0]}
    rows = [result(works=1.0, time_mean=1.2e-6)] * 4
    folder = store_in(tmp_path / "s", places, rows, units={"operating_point.weight": "V"})
    found = plot_store(folder, tmp_path / "p", x="device.tmr", y="works", by="operating_point.weight")
    assert "operating_point.weight = 60 mV; device.tmr = 2; works = 1 (" in marks(found.page)[0]
    assert ">100 mV<" in next(found.page.parent.glob("*.svg")).read_text(encoding="utf-8")
    assert open_source(folder).told("time_mean", 1.2e-6) == "1.2 µs"


def test_shares_that_are_all_one_are_drawn_within_0_and_1(tmp_path):
    rows = [result(accuracy_mean=1.0, accuracy_mean_low=1.0, accuracy_mean_high=1.0)] * 4
    source = open_source(store_in(tmp_path / "s", {"a.b": [1.0, 1.0, 2.0, 2.0], "c.d": [1.0, 2.0, 1.0, 2.0]}, rows))
    assert histogram(source, "accuracy_mean").edges[[0, -1]].tolist() == [0.95, 1.0]
    assert drawn(curve(source, "a.b", "accuracy_mean", "c.d"), source)[0].axes[0].get_ylim()[1] <= 1.02
    cells = drawn(heat_map(source, "a.b", "c.d", "accuracy_mean"), source)[0].axes[0].collections[0]
    assert cells.get_clim() == (0.95, 1.0)


def test_chips_are_counted_in_whole_numbers():
    axes = Figure().add_subplot()
    draw_course(axes, ShareCourse([ChipShare(n, n, 0.0, 1.0) for n in range(1, 21)]), COLOURS)
    assert all(tick == round(tick) for tick in axes.get_xticks())


def test_axes_of_a_search_have_their_units(tmp_path, monkeypatch):
    folder, _ = search_in(tmp_path / "f", 8)
    with xr.open_dataset(folder / "search.nc", engine="netcdf4") as stored:
        data = stored.load()
    data["axis_network.drive_width"] = ("trial", np.full(8, 1e-7), {"units": "m"})
    write_netcdf(data, folder / "search.nc")
    monkeypatch.setattr(plot_source, "_axes_of_search", lambda folder: {"network.drive_width": "f"})
    source = open_source(folder)
    assert source.axis("network.drive_width", [5e-8, 1e-7]) == (1e9, "network.drive_width (nm)")
    assert source.axis("network.drive_width", [0.0, 2e-6]) == (1e6, "network.drive_width (µm)")
    front = drawn(front_plot(source, "time", "energy"), source)[0].axes[0]
    assert (front.get_xlabel(), front.get_ylabel()) == ("time (ns)", "energy (pJ)")
    places = np.concatenate([each.get_offsets() for each in front.collections])
    assert places.min() > 1 and places.max() < 1000


def test_an_index_without_an_interval_is_said_to_have_none(tmp_path):
    """One chip of 64 differs: most resamples are all the same."""
    rng = np.random.default_rng(3)
    rows = [
        result(**{"accuracy_mean": float(k > 0), "works": float(k > 0), "sample.leak.mean": x})
        for k, x in enumerate(rng.normal(size=64))
    ]
    page = plot_store(store_in(tmp_path / "s", {CHIP: list(range(64))}, rows)).page
    (told,) = [tip for tip in marks(page) if tip.startswith("works: ") and "of the variance" in tip]
    assert "(too few chips differ for an interval) of the variance by the mean of leak" in told and "nan" not in told


def search_in(folder, count):
    rng = np.random.default_rng(1)
    trials = []
    for k in range(count):
        values = dict.fromkeys(("time", "energy", "edp", "area", "accuracy", "rest_rate"), 1.0)
        values |= {"time": rng.uniform(1, 2) * 1e-7, "energy": rng.uniform(1, 2) * 1e-12}
        trials.append(SearchTrial(k, {}, Judged([0.0] * 5, "", values if k else {})))
    costs = np.array([[t.judged.values.get(n, np.inf) for n in ("time", "energy")] for t in trials])
    best = [t for t, c in zip(trials, costs, strict=True) if np.isfinite(c).all() and not (costs < c).all(axis=1).any()]
    folder.mkdir()
    data = search_results(
        trials, best, [], {"design": "small", "seed": "1", "objectives": "time, energy", "versions": "x"}
    )
    write_netcdf(data, folder / "search.nc")
    return folder, best


def test_front_of_a_search(tmp_path):
    folder, best = search_in(tmp_path / "f", 40)
    found = plot_store(folder)
    assert list(found.figures) == ["energy against time"]
    told = marks(found.page)
    front = {int(tip.split()[1]) for tip in told if "(front)" in tip}
    assert len(told) == 39 and front == {trial.number for trial in best}
    with pytest.raises(InputError, match="--x: 'volume', allowed: accuracy, area"):
        plot_store(folder, x="volume")


@pytest.mark.parametrize("change", ["arrays", "objectives", "few objectives"])
def test_a_search_s_results_of_other_kinds_are_refused(tmp_path, change):
    """Arrays of any length ended in a traceback; thousands of objectives were drawn against each other."""
    folder, _ = search_in(tmp_path / "f", 4)
    with h5py.File(folder / "search.nc", "r+") as file:
        if change == "arrays":
            del file["time"]
            made = file.create_dataset("time", shape=(4,), dtype=h5py.vlen_dtype("f8"))
            made.dims[0].attach_scale(file["trial"])
        else:
            file.attrs["objectives"] = "time, " * (9000 if change == "objectives" else 2)
    with pytest.raises(InputError, match=r"search\.nc: damaged, or no results of a search \((time is of|an objective)"):
        plot_store(folder)


def test_a_page_of_thousands_of_trials_stays_small(tmp_path):
    folder, best = search_in(tmp_path / "f", 4000)
    source = open_source(folder)
    shown = front_plot(source, "time", "energy")
    assert shown.of == 3999 and len(shown.places) <= MOST_DOTS + len(best) and shown.on_front.sum() == len(best)
    found = plot_store(folder)
    assert (
        found.page.stat().st_size < 2_000_000
        and f"Of 3999 trials {len(shown.places)} are drawn" in found.page.read_text()
    )


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, {name for name, _ in attrs}))


def test_names_from_outside_do_no_harm(tmp_path):
    evil = [
        "</script><script>alert(1)</script>",
        '"><img src=x onerror="alert(1)">',
        "$\\frac{1}{$ & ]]>",
        "\x1b[31mred",
    ]
    plain = store_in(tmp_path / "a", {"a.b": ["one", "two", "three", "four"]}, [result(works=1.0)] * 4)
    harmful = store_in(tmp_path / "b", {"a.b": evil}, [result(works=1.0)] * 4, {"study": evil[0], "versions": evil[1]})
    pages = []
    for folder in (plain, harmful):
        parser = Tags()
        found = plot_store(folder, x="a.b", y="works")
        text = found.page.read_text(encoding="utf-8")
        parser.feed(text)
        pages.append([(tag, names) for tag, names in parser.found if tag in ("script", "img", "svg", "main", "div")])
        assert "\x1b" not in text
        for path in found.folder.glob("*.svg"):
            ElementTree.fromstring(path.read_bytes())
    assert pages[0] == pages[1], "another name is another element"
    named = store_in(tmp_path / "c", {'x"><img>$$': [1.0, 2.0]}, [result(works=1.0)] * 2)
    found = plot_store(named)
    assert {path.parent for path in (tmp_path / "c").rglob("*.svg")} == {found.folder}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--x", "volume"), f"--x: 'volume', allowed: {CHIP}, {SIGMA}, wires"),
        (("--y", "beauty"), "--y: 'beauty', allowed: accuracy_mean, time_mean, works"),
        (("--value", "nan", "--kind", "curve"), "--value: 'nan', allowed: accuracy_mean, time_mean, works"),
        (("--value", "nan", "--kind", "histogram"), "--value: 'nan', allowed: accuracy_mean, time_mean, works"),
        (("--by", CHIP, "--x", SIGMA), f"--by: {CHIP} has 20 values, allowed 6: more are not told apart"),
        (
            ("--kind", "histogram", "--x", "time_mean"),
            "--x: a figure of kind histogram has none; allowed: --y, --by, --value",
        ),
        (("--kind", "heat", "--by", "seed"), "--by: a figure of kind heat has none; allowed: --x, --y, --value"),
        (("--value", "time_mean", "--by", "seed"), "--by: a figure of kind heat has none; allowed: --x, --y, --value"),
        (("--kind", "front", "--value", "time_mean"), "--value: a figure of kind front has none; allowed: --x, --y"),
        (
            ("--x", "device.tmr", "--y", "works", "--value", "works", "--kind", "curve"),
            "--value: a figure of kind curve has one number, give it as --y alone",
        ),
        (("--kind", "front"), "front: of the results of spinhop optimize alone"),
        (("--kind", "heat"), "heat: needs two parameters; give --x and --y"),
    ],
)
def test_figures_that_there_are_not(tmp_path, spinhop, options, message):
    code, _, err = spinhop("plot", chips(tmp_path / "s"), *options)
    assert code == 2 and err == f"spinhop: {message}\n"
    assert not (tmp_path / "s" / "plots").exists()


def test_what_is_no_store(tmp_path, spinhop):
    (tmp_path / "empty").mkdir()
    (tmp_path / "design.yaml").write_text("name: x\n")
    (tmp_path / "search.nc").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(200))
    other = tmp_path / "other" / "results.zarr"
    other.mkdir(parents=True)
    (other / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group", "attributes": {"format": "x"}}')
    none = store_in(tmp_path / "none", {"a.b": [1.0]}, [None])
    failed = store_in(tmp_path / "failed", {"a.b": [1.0]}, [PointResult(problem="no network")])
    large = store_in(tmp_path / "large", {"a.b": [1.0, 2.0]}, [result(works=1.0, time_mean=1e308)] * 2)
    for path, message in (
        (tmp_path / "nowhere", "no results of sweep, yield or optimize (no such folder)"),
        (tmp_path / "empty", "neither results.zarr nor search.nc in it"), (tmp_path / "design.yaml", "no results of"),
        (tmp_path / "search.nc", "damaged, or no results of a search"), (other, "damaged, or no store of a study"),
        (large, "time_mean is 1e+308, allowed up to 1e+30"),
        (none, "no point has been computed yet"), (failed, "none of its 1 points has a result: no network"),
    ):  # fmt: skip
        code, out, err = spinhop("plot", path)
        assert code == 2 and message in err and err.count("\n") == 1 and len(err) <= 201 and not out, err


def test_the_measure_of_a_cut_is_its_share_of_the_best(tmp_path):
    results = [result(area=1e-12, share_of_best_mean=0.9, works=1.0)] * 2
    found = plot_store(store_in(tmp_path / "s", {"a.b": [1.0, 2.0]}, results))
    assert next(iter(found.figures)) == "share_of_best_mean against a.b"
    low = stats.binomtest(1, 1).proportion_ci(0.95, method="wilson").low
    assert f"a.b = 2; works = 1 ({low:.4g} … 1); of 1 points" in marks(found.page), "one point is no certainty either"


def test_texts_along_the_axis_keep_their_places(tmp_path):
    source = open_source(
        store_in(tmp_path / "s", {"process": ["b", "a", "b"]}, [result(works=float(k)) for k in (1, 0, 1)])
    )
    found = curve(source, "process", "works")
    assert isinstance(found, MeanCurve) and found.ticks == {0.0: "a", 1.0: "b"}
    assert [(p.x, p.y.value) for p in found.series[""]] == [(0.0, 0.0), (1.0, 1.0)]
