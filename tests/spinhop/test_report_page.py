"""The report page: complete, self-contained, and honest about runs that did not rest."""

from __future__ import annotations

import base64
import hashlib
import re
from contextlib import contextmanager
from html.parser import HTMLParser

import numpy as np
import pytest
import xarray as xr

from hwlib.design import Design
from hwlib.errors import InputError
from spinhop import stages
from spinhop.pages import page, report_head
from spinhop.pages.resistance_table import FARTHEST, TO_FARTHEST
from spinhop.report import _provenance, write_report
from spinhop.run_folder.result_files import read_task
from spinhop.running import run_design
from spinhop.runtime.compile_progress import Compiled
from spinhop.verdicts.task_outcome import TaskOutcome, text

_VOID = {"meta", "img", "br", "link", "input", "hr"}


class _Balance(HTMLParser):
    """Counts headings and checks that every element is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _parse(html: str) -> _Balance:
    parser = _Balance()
    parser.feed(html)
    assert parser.open == []
    return parser


def test_report_needs_nothing_from_outside(synthetic_run):
    html = write_report(synthetic_run()).read_text()
    parser = _parse(html)
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in parser.links)
    for heading in ("Recall", "Layout", "Wire resistance", "Wall positions over time", "Energy by branch"):
        assert f"<h2>{heading}</h2>" in html
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None and policy[1].startswith("default-src &#39;none&#39;; img-src data:;")


def test_only_the_page_s_own_script_may_run(synthetic_run):
    """The policy names the hash of the one script, so that nothing else runs, wherever a name from outside lands."""
    html = write_report(synthetic_run()).read_text()
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(scripts) == 1 and html.count("<script") == 1 + html.count('<script type="application/json"')
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}&#39;" in html


def test_data_of_a_page_cannot_leave_its_element():
    text = page.document("t", [], scripts=["page_data.js"], data={"d": {"name": "</script><script>alert(1)//<!--"}})
    assert text.count("</script>") == 2 and "alert(1)" in text and "<!--" not in text


def test_report_shows_the_extracted_resistance(synthetic_run):
    html = write_report(synthetic_run(4)).read_text()
    row = re.search(r"<tr><td[^>]*>dendrite</td>.*?</tr>", html)
    assert row is not None
    cells = re.findall(r"<td[^>]*>(.*?)</td>", row[0])
    assert cells[1:6] == ["4", "12", "4 Ω", "5 Ω", "6 Ω"]  # 2 Ω a cell, 2 to 3 cells to the farther end
    assert f"{TO_FARTHEST}, dend_0" in html and FARTHEST in html and "largest wire resistance" not in html


@pytest.mark.parametrize(
    ("task", "kelvin", "rows"),
    [
        ({"kind": "recall", "trials": 3, "distortion": (0.1, 0.25)}, None,
         {"kind": "recall", "trials": "3", "distortion": "10 %, 25 %", "accuracy that it needs": "95 %"}),
        ({"kind": "recall", "trials": 3, "required_accuracy": 1}, 300.0,
         {"kind": "recall", "trials": "3", "accuracy that it needs": "100 %", "time step": "auto"}),
        ({"kind": "images", "invert": True}, None,
         {"kind": "images", "trials": "20", "distortion": "10 %, 30 %", "accuracy that it needs": "95 %",
          "share of white below which a pixel is ON": "50 %", "light pixels are ON instead": "yes"}),
    ],
)  # fmt: skip
def test_the_task_is_told_in_words(task, kelvin, rows):
    point = {} if kelvin is None else {"temperature": kelvin, "load": 16e-9}
    fields = {"name": "said", "task": task, "operating_point": point, "network": {"neurons": 2}}
    design = Design.model_validate(fields, context={"unread": True})
    assert {name: told for name, told in report_head._task(design)} == rows


def test_compiling_is_told_apart_from_the_time_of_a_stage(tmp_path, monkeypatch):
    @contextmanager
    def compiling(*_):
        yield Compiled(27.4)

    monkeypatch.setattr(stages, "compiling", compiling)
    (tmp_path / "d.yaml").write_text("name: small\nnetwork: {neurons: 2}\ntask: {trials: 1}\n")
    record = run_design(tmp_path / "d.yaml", "simulate ideal", out=tmp_path / "run").manifest["stages"]
    told = _provenance({"stages": record, "versions": {}}, 1)
    assert re.search(r">\d+\.\d\d s, 27 s of it compiling<", told)
    record["simulation, ideal"].pop("compiling")
    assert "compiling" not in _provenance({"stages": record, "versions": {}}, 1)


def test_report_says_when_trials_did_not_rest(synthetic_run):
    assert "as drawn: 3 of 20 trials did not come to rest" in write_report(synthetic_run(resting=17)).read_text()


def test_report_without_traces(synthetic_run):
    html = write_report(synthetic_run(traces=False)).read_text()
    assert "not recorded" in html
    assert len(html) < 100_000  # no plot library inside when there is no plot


@pytest.mark.parametrize("missing", ["manifest.json", "network.nc", "drawn.nc", "recall_drawn.nc"])
def test_report_of_an_unfinished_run_is_refused(synthetic_run, missing):
    folder = synthetic_run()
    (folder / missing).unlink()
    with pytest.raises(InputError):
        write_report(folder)
    assert not (folder / "report.html").exists()


def test_text_is_escaped():
    assert page.table(["<a>"], [["<script>"]]).count("<script>") == 0
    assert "&lt;b&gt;" in page.paragraph("<b>")


def test_outcome_takes_times_of_resting_trials_only(synthetic_run):
    with xr.open_dataset(synthetic_run(resting=5) / "recall_drawn.nc", engine="netcdf4") as recall:
        outcome = TaskOutcome.of(recall)
        times = recall["time_to_solution"].values
    assert (outcome.trials, outcome.at_rest) == (20, 5)
    assert outcome.time_mean == pytest.approx(np.mean(times[:5]))
    assert outcome.time_max == pytest.approx(max(times[:5]))
    low, high = outcome.accuracy_interval
    assert low <= outcome.accuracy_mean <= high


def test_no_resting_trial_has_no_time(synthetic_run):
    outcome = TaskOutcome.of(read_task(synthetic_run(resting=0) / "recall_drawn.nc", "recall"))
    assert np.isnan(outcome.time_mean)
    assert text(outcome.time_mean, "s") == "–"


def test_walls_on_the_page_are_the_simulated_ones():
    """Joined by straight lines they are the walls' way: no sampling between the page and the events."""
    import sim
    from hwlib.schematic import ladder_network
    from hwlib.weights import weight_levels
    from sim.protocol import protocol_for
    from sim.tasks.setup import paper_design
    from sim.traces import walls_at
    from spinhop.pages.wall_data import NM, NS, STEPS, wall_data

    design = paper_design(4)
    process = design.load_process()
    network = ladder_network(design, process, 2.0)
    start = np.array([1, 0, 0, 1])
    result = sim.run(network, protocol_for(design, process, start=start, levels=weight_levels(design)))
    data = wall_data({"drawn": result}, network)
    assert data["somas"] == network.somas.tolist() and data["length"] == NM * network.length[0]
    at = np.linspace(0, float(result.time_to_solution), 5000)
    walls = walls_at(result, at) / network.length

    def read(text, kind):
        return np.frombuffer(base64.b64decode(text), kind).astype(float)

    course = data["courses"]["drawn"]
    assert course["release"] == NS * float(result.time_load) and course["duration"] == NS * at[-1]
    first, time, wall = (
        read(course[name], kind) for name, kind in (("first", "<u4"), ("time", "<f4"), ("wall", "<u2"))
    )
    for device in range(network.devices):
        part = slice(int(first[device]), int(first[device + 1]))
        assert abs(np.interp(at, time[part] / NS, wall[part] / STEPS) - walls[:, device]).max() < 1e-4
    for neuron, band in enumerate(data["bands"]["drawn"]):
        axons = np.flatnonzero((network.pre == neuron) & ~network.is_soma)
        for name, side in (("low", np.min), ("high", np.max)):
            drawn = np.interp(at, read(band["time"], "<f4") / NS, read(band[name], "<u2") / STEPS)
            assert abs(drawn - side(walls[:, axons], axis=1)).max() < 1e-3
