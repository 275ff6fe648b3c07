"""Every input and result is read into one object, and the layout opened and assembled once, that stages pass on."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import klayout.db as kdb
import numpy as np
import pytest

import layouts
from hwlib import graph_reader
from hwlib.design import load_design
from hwlib.drawing import reader
from hwlib.extraction import extractor
from hwlib.storage import json_files, model_files
from hwlib.storage.yaml_text import yaml_text
from spinhop.checking import check_design
from spinhop.pages import check_page
from spinhop.run_folder import result_files
from spinhop.run_folder.inputs import read_design, write_inputs
from spinhop.run_folder.provenance import file_hash
from spinhop.running import run_design
from spinhop.verdicts import read_function

PATTERN = 'name: t\nnetwork: {neurons: 2, weights: {patterns: ["10"]}}\ntask: {trials: 2}\n'
DESIGN = "name: once\nprocess: own.yaml\ntask: {kind: maxcut, graph: g.txt}\n"


@pytest.fixture
def design(tmp_path):
    (tmp_path / "d.yaml").write_text(DESIGN)
    (tmp_path / "g.txt").write_text("4 4\n1 2 1\n2 3 1\n3 4 1\n4 1 1\n")
    process = load_design(Path(layouts.__file__).parent / "examples" / "hopfield_3.yaml").load_process()
    (tmp_path / "own.yaml").write_text(yaml_text(process.model_dump(mode="json", exclude_none=True)))
    return tmp_path / "d.yaml"


@pytest.fixture
def counted(monkeypatch):
    """How often models, graphs and layouts are read, and layouts opened and assembled, by what and name."""
    counts: Counter[str] = Counter()

    def count(owner, name, what=None):
        done = getattr(owner, name)

        def call(*args, **kwargs):
            counts[what or f"{name} {Path(str(args[0])).name}"] += 1
            return done(*args, **kwargs)

        monkeypatch.setattr(owner, name, call)

    count(model_files, "read_text")
    count(graph_reader, "GraphFile")
    count(reader, "_opened", "opened")
    count(extractor, "assemble", "assembled")
    read = kdb.Layout.read
    monkeypatch.setattr(
        kdb.Layout,
        "read",
        lambda self, path, *options: (counts.update([f"layout {Path(path).name}"]), read(self, path, *options))[1],
    )
    return counts


def test_a_check_reads_inputs_and_opens_the_layout_once(design, tmp_path, counted):
    check_design(design, out=tmp_path / "run")
    assert counted == {
        "read_text d.yaml": 1, "read_text own.yaml": 1, "GraphFile g.txt": 1,
        "layout layout.oas": 1, "opened": 1, "assembled": 1,
    }  # fmt: skip


def test_checks_are_judged_once_for_what_there_is(design, tmp_path, monkeypatch):
    """By the page's stage, by the page and by the command; and once more when there are trials."""
    judge, times = read_function.read_check_step, []
    monkeypatch.setattr(read_function, "read_check_step", lambda *given: [times.append(1), judge(*given)][1])
    check_design(design, out=tmp_path / "run")
    assert len(times) == 1
    run_design(design, out=tmp_path / "run")
    assert len(times) == 1 + 2


def test_the_page_of_the_checks_shows_the_layout_as_drawn_for_it_once(tmp_path, monkeypatch):
    """Trials change what to do next, and with it the page: not the layout on it."""
    (tmp_path / "t.yaml").write_text(PATTERN)
    told, judge = [], read_function.read_check_step

    def step(results, *given):
        return replace(judge(results, *given), why=f"{len(results.manifest['stages'])} stages")

    monkeypatch.setattr(read_function, "read_check_step", step)
    for name in ("layout_data", "next_paragraph"):
        done = getattr(check_page, name)
        monkeypatch.setattr(check_page, name, lambda *given, name=name, done=done: [told.append(name), done(*given)][1])
    run = run_design(tmp_path / "t.yaml", out=tmp_path / "run")
    assert told == ["layout_data", "next_paragraph", "next_paragraph"]
    page, record = run.path("checks.html"), run.manifest["stages"]["page of the checks"]
    assert "layout-data" in page.read_text() and record["files"]["checks.html"] == file_hash(page)


RESULTS = ("ideal.nc", "drawn.nc", "recall_ideal.nc", "recall_drawn.nc")
CHECKS = ("drc.json", "lvs.json", "erc_ideal.json", "erc_drawn.json", "erc_ideal_table.json", "erc_drawn_table.json")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run, to copy."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "tiny.yaml").write_text(PATTERN)
    return run_design(folder / "tiny.yaml", out=folder / "run").folder


@pytest.mark.parametrize("command", ["run", "run again", "report", "simulate", "recall"])
def test_every_result_is_read_once(spinhop, design_file, finished, tmp_path, monkeypatch, command):
    """By the report, the verdict, and what is printed; a stage that writes another is no reason to read it twice."""
    read: Counter[str] = Counter()
    for owner, name in ((result_files, "read_netcdf"), (json_files, "read_text")):
        monkeypatch.setattr(owner, name, _counting(getattr(owner, name), read))
    out = tmp_path / "run"
    given = ("report", out) if command == "report" else (command.split()[0], design_file(PATTERN), "--out", out)
    if command in ("run again", "report"):
        shutil.copytree(finished, out)
    assert spinhop(*given)[0] in (0, 1)
    del read["manifest.json"]
    wanted = {"simulate": RESULTS[:2], "recall": RESULTS[2:], "run again": (*RESULTS[2:], *CHECKS)}
    assert read == dict.fromkeys(wanted.get(command, (*RESULTS, *CHECKS)), 1)


def _counting(call, counts):
    def counted(path, *args, **kwargs):
        counts[Path(path).name] += 1
        return call(path, *args, **kwargs)

    return counted


def test_a_layout_from_outside_is_opened_once_too(design, tmp_path, counted):
    made = layouts.write_layout(layouts.hopfield(load_design(design)), tmp_path / "outside.gds")
    counted.clear()
    check_design(design, out=tmp_path / "run", layout=made)
    assert counted["layout outside.gds"] == counted["opened"] == counted["assembled"] == 1
    assert counted["layout layout.gds"] == 0 and counted["read_text d.yaml"] == 1


def test_the_resolved_design_is_what_its_file_says(design, tmp_path):
    given = read_design(design)
    resolved = write_inputs(tmp_path / "run", design, given, given.load_process())
    read = load_design(tmp_path / "run" / "design.yaml")
    assert resolved.model_dump(mode="json") == read.model_dump(mode="json") and resolved.folder == read.folder
    assert np.array_equal(resolved.weight_levels(), read.weight_levels())
    assert resolved.load_process() == read.load_process()
