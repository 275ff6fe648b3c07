"""The pages in a real browser: nothing is fetched, nothing is said on its console, and what is clicked happens."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from hwlib.findings import read_findings
from sim.tasks.statistics import Interval
from sim.traces import walls_at
from spinhop.reproduce.reproduction_page import write_page
from spinhop.reproduce.rows import Row, compared, exact
from spinhop.reproduce.task import PaperTask, Result
from spinhop.running import run_design
from tests.support.page_audit import COVERED, FAINT, HIDDEN_ENTRIES, MUTE, OVERFLOWING, RED_IN_THE_MIDDLE, SCROLLED

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
PAGES = ("report.html", "checks.html", "index.html")

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install 'spinhop[test]'")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (apt-get install chromium)")


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A run folder with a finding or two, and a page of the reproduction."""
    made = tmp_path_factory.mktemp("pages")
    design = made / "small.yaml"
    design.write_text("name: small\nnetwork: {neurons: 3}\ntask: {trials: 2}\n")
    run = run_design(design, out=made / "run").folder
    rows = [
        compared("accuracy of 1 pattern, N = 29", "%", 99.0, ideal=Interval(99.5, 98.0, 100.0)),
        compared("time, mean of ten", "ns", 344.0, ideal=exact(512.0), reason="counted another way, " * 12),
        compared("energy", "nJ", 17.4, ideal=exact(10.0)),
        Row("one trial", "ns", ideal=Interval(5.0, -np.inf, np.inf), drawn={"copper_thick 1×, centred": exact(2.0)}),
        *(Row(f"more, {k}", "1", ideal=exact(k), drawn={f"ebeam {k % 6}×": exact(k)}) for k in range(30)),
    ]
    task = PaperTask("sample", "A sample of rows", lambda context: Result(rows), drawn=True)
    write_page(run / "index.html", [(task, Result(rows))], {}, {"run": "reduced", "seed": "1"}, quick=True)
    return run


@contextmanager
def shown(browser, path, width=1400, scheme="light"):
    """A page; at the end its console and the requests that it made are looked at."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    context.close()
    assert said == []
    assert asked == [path.as_uri()]


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (500, "dark")])  # neither hangs on the other
@pytest.mark.parametrize("name", PAGES)
def test_page_fits_and_can_be_read(browser, folder, name, scheme, width):
    with shown(browser, folder / name, width, scheme) as page:
        assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        assert page.evaluate(OVERFLOWING) == []
        assert width > 500 or page.evaluate(SCROLLED) == []  # rows stand as lists there
        assert page.evaluate(MUTE) == []
        assert page.evaluate(FAINT) == []
        assert page.evaluate(HIDDEN_ENTRIES) == []


def hovered(page, fraction=(0.5, 0.5)):
    """What the layout says of the place under the pointer, at a fraction of its screen."""
    screen = page.locator(".screen")
    screen.scroll_into_view_if_needed()
    box = screen.bounding_box()
    page.mouse.move(box["x"] + fraction[0] * box["width"] + 1, box["y"] + fraction[1] * box["height"])
    page.mouse.move(box["x"] + fraction[0] * box["width"], box["y"] + fraction[1] * box["height"])
    return page.locator("#readout").text_content()


def place(said):
    return [float(value) for value in re.match(r"(-?[\d.]+), (-?[\d.]+) µm", said).groups()]


def settled(page):
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def set_time(page, thousandths):
    page.locator("#time").evaluate(
        f"(slider) => {{ slider.value = {thousandths}; slider.dispatchEvent(new Event('input')) }}"
    )
    settled(page)


def test_slider_moves_the_walls_that_were_simulated(browser, folder):
    with (
        shown(browser, folder / "report.html") as page,
        xr.open_dataset(folder / "drawn.nc", engine="netcdf4") as trace,
    ):
        said = hovered(page)
        neuron = re.search(r"soma (\d)", said)
        assert neuron is not None, said  # the middle one of three stands in the middle of the layout
        device = 4 * int(neuron[1])
        length, longest = 100e-9, max(float(xr.open_dataset(folder / f"{k}.nc", engine="netcdf4").time_to_solution)
                                      for k in ("ideal", "drawn"))  # fmt: skip
        seen, pictures = set(), set()
        for thousandths in (0, 20, 40, 300, 1000):
            set_time(page, thousandths)
            wall = float(re.search(r"wall at ([\d.]+) L", hovered(page))[1])
            expected = walls_at(trace, longest * thousandths / 1000, [device])[0] / length
            assert wall == pytest.approx(expected, abs=2e-3)
            seen.add(round(wall, 1))
            pictures.add(page.evaluate("document.getElementById('marks').toDataURL()"))
            assert f"{1e9 * longest * thousandths / 1000:.1f} ns of" in page.locator("#now").text_content()
        assert len(seen) > 1 and len(pictures) > 2


def test_devices_too_small_for_their_tracks_have_the_colours_of_their_walls(browser, folder):
    with shown(browser, folder / "report.html") as page:
        for _ in range(4):
            page.locator("button[data-zoom='0.5']").click()
        pictures = set()
        for thousandths in (0, 300, 1000):
            set_time(page, thousandths)
            pictures.add(page.evaluate("document.getElementById('marks').toDataURL()"))
        assert len(pictures) == 3


def test_play_moves_the_time_on_until_it_is_stopped(browser, folder):
    with shown(browser, folder / "report.html") as page:
        button, slider = page.locator("#play"), page.locator("#time")
        assert slider.input_value() == "1000"  # how the trial ended; playing begins anew
        button.click()
        sync_api.expect(slider).not_to_have_value("1000")
        before = slider.input_value()
        sync_api.expect(slider).not_to_have_value(before)
        assert button.text_content() == "pause" and int(slider.input_value()) > int(before)
        button.click()
        sync_api.expect(button).to_have_text("play")


@pytest.mark.parametrize("name", ["report.html", "checks.html"])
def test_finding_centres_the_layout_on_its_place(browser, folder, name):
    findings = [
        f for check in ("drc", "lvs", "erc_ideal", "erc_drawn") for f in read_findings(folder / f"{check}.json")
    ]
    placed = [k for k, finding in enumerate(findings) if finding.x is not None]
    assert placed
    with shown(browser, folder / name) as page:
        for k in placed[:2]:
            before = place(hovered(page))
            page.locator(f"button[data-finding='{k}']").click()
            settled(page)
            there = place(hovered(page))
            assert there == pytest.approx([1e6 * findings[k].x, 1e6 * findings[k].y], abs=0.01) and there != before
            row = page.locator("tr.chosen")
            assert row.count() == 1 and findings[k].message in row.text_content()
            assert page.evaluate(RED_IN_THE_MIDDLE, "marks") > 50


def test_layout_moves_zooms_and_hides_layers(browser, folder):
    with shown(browser, folder / "report.html") as page:
        x, y = place(hovered(page))
        box = page.locator(".screen").bounding_box()
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2 + 100, box["y"] + box["height"] / 2 + 50)
        page.mouse.up()
        dragged = place(hovered(page))
        assert dragged[0] < x and dragged[1] > y
        page.locator("button[data-zoom='fit']").click()
        edge = place(hovered(page, (0.1, 0.5)))[0]
        page.locator("button[data-zoom='2']").click()
        assert x - place(hovered(page, (0.1, 0.5)))[0] == pytest.approx((x - edge) / 2, abs=0.01)
        settled(page)
        covered = page.evaluate(COVERED, "shapes")
        boxes = page.locator("input[data-layer]")
        assert covered > 0.2 and boxes.count() > 5
        for k in range(boxes.count()):
            boxes.nth(k).uncheck()
        settled(page)
        assert page.evaluate(COVERED, "shapes") == 0


def test_ir_drop_of_each_class_of_nets_is_the_rules(browser, folder):
    rules = (folder / "erc_drawn_table.json").read_text(encoding="utf-8")
    with shown(browser, folder / "report.html") as page:
        options = page.locator("#colouring option").all_text_contents()
        kinds = [text.split("of ")[1] for text in options if text.startswith("IR drop")]
        assert kinds == ["dendrite", "drive", "ground", "weight", "V_DW"]
        for kind in kinds:
            page.locator("#colouring").select_option(label=f"IR drop of {kind}")
            most = float(page.locator("#most").text_content().split(" %")[0]) / 100
            rule = f'"rule": "ir.{kind.replace("V_DW", "vdw")}"'
            measured = float(re.search(r'"measured": ([\d.e-]+)', rules[rules.index(rule) :])[1])
            assert most == pytest.approx(measured, rel=1e-3)


def test_neurons_are_chosen_and_no_colour_stands_for_two(browser, folder):
    with shown(browser, folder / "report.html") as page:
        buttons = page.locator("#picker button")
        assert buttons.count() == 3
        entries = page.locator("#legend li").all_text_contents()
        assert entries == ["neuron 0", "neuron 1", "neuron 2"]
        strokes = (
            "[...document.querySelectorAll('#plots path[data-neuron]')].map((p) => [p.dataset.neuron, p.style.stroke])"
        )
        pairs = {tuple(pair) for pair in page.evaluate(strokes)}
        assert len(pairs) == 3 == len({colour for _, colour in pairs})
        buttons.nth(1).click()
        assert page.locator("#legend li").all_text_contents() == ["neuron 0", "neuron 2", "somas of other neurons"]
        assert {neuron for neuron, _ in page.evaluate(strokes)} == {"0", "2"}
        assert buttons.nth(1).get_attribute("aria-pressed") == "false"


def test_click_on_a_plot_shows_that_time_on_the_layout(browser, folder):
    with shown(browser, folder / "report.html") as page:
        plot = page.locator(".plot").first
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        plot.click(position={"x": box["width"] / 3, "y": box["height"] / 2})
        assert 200 < int(page.locator("#time").input_value()) < 450


def test_a_script_from_outside_does_not_run(browser, folder):
    context = browser.new_context()
    page = context.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto((folder / "report.html").as_uri())
    page.evaluate(
        "() => { const made = document.createElement('script'); made.textContent = 'window.ran = 1';"
        " document.body.append(made) }"
    )
    assert page.evaluate("window.ran") is None and any("Content Security Policy" in line for line in said)
    context.close()
