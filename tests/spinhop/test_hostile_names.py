"""Names from outside (folders, layers, designs, labels) that would do something where they are not quoted."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import klayout.db as kdb
import klayout.rdb as rdb
import pytest

from hwlib.checks import drc_script, lvs_script, write_lyrdb
from hwlib.checks.design_rules import rule as rules
from hwlib.design import Design
from hwlib.errors import InputError, harmless
from hwlib.extraction import write_spice
from hwlib.findings import Finding
from hwlib.process import Process, load_process
from hwlib.schematic import ladder_network
from hwlib.technology import write_technology
from hwlib.weights import weight_levels
from sim import spice
from sim.judgement import judge
from sim.protocol import protocol_for
from spinhop.pages.check_page import checked_layout, write_check_page
from spinhop.verdicts.next_step import next_step
from spinhop.verdicts.verdict import VerdictLine

needs_ngspice = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")
needs_klayout = pytest.mark.skipif(shutil.which("klayout") is None, reason="the klayout application is not installed")
DONE = "DONE"  # the file that a name would make


def hostile(folder: Path) -> list[str]:
    """Names that would make the file ``DONE`` in a folder, each in another language."""
    touch = f"touch {folder / DONE}"
    return [
        f"x'; system(\"{touch}\") #", f'x"; system("{touch}") #', f"#{{`{touch}`}}", f"`{touch}`", f"$({touch})",
        f"; {touch};", f"x\n.control\nshell {touch}\n.endc\n*", f"x\n`{touch}`", f"</script><script>{touch}</script>",
        f'"><img src=x onerror="{touch}">', f"*/ {touch} /*", f"x' onload='{touch}", f"x\\\n{touch}", "a:b/c[d]|e",
        f"| {touch}", "\x1b]0;title\x07\x1b[31mred", "]]>&<!--", "''\"\"``$$##\\\\", "\ud800", "ünï µ→",
    ]  # fmt: skip


def count(few: bool = False) -> range:
    """Numbers of the names; of a few when each takes a second and not all are asked for."""
    return range(0, len(hostile(Path())), 6 if few and not os.environ.get("SPINHOP_FULL") else 1)


@pytest.fixture
def quiet(tmp_path):
    """Ask, at the end of a test, that nothing was executed."""
    yield
    assert not (tmp_path / DONE).exists()


@needs_ngspice
@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("number", count(few=True))
def test_a_run_folder_is_no_command_to_ngspice(spinhop, design_file, tmp_path, number):
    name = hostile(tmp_path)[number]
    if "\ud800" in name:
        name = os.fsdecode(b"\xff\xfe")  # what a file system can hold instead
    folder = tmp_path / "run" / name
    if "\n" in name:  # what would be included in place of the deck
        first = tmp_path / "run" / name.split("\n")[0]
        first.parent.mkdir(parents=True)
        first.write_text("* nothing\n")
    code, _, err = spinhop("spice", design_file(), "--ideal", "--run", "--out", folder)
    assert code == 0, err
    assert (folder / "ideal_ngspice.nc").is_file()


@needs_ngspice
@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("number", count(few=True))
def test_a_network_is_no_command_to_ngspice(tmp_path, number):
    name = hostile(tmp_path)[number]
    design = Design(name="plain", network={"neurons": 3})
    process = design.load_process()
    network = ladder_network(design, process, 2.0)
    network = dataclasses.replace(network, attrs=network.attrs | {"design": name})
    wires = write_spice(network, tmp_path / "wires.spice", name=name)
    (tmp_path / "bench.cir").write_text("* bench\n.include wires.spice\nV1 a 0 1\nR1 a 0 1\n.op\n.end\n")
    done = subprocess.run(["ngspice", "-b", "bench.cir"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in wires.read_text().splitlines()[:2]] == ["*", ".subckt"]
    protocol = protocol_for(design, process, levels=weight_levels(design))
    deck = spice.write_deck(network, protocol, tmp_path / "deck.cir", duration=1e-11)
    spice.run_deck(deck.bench)


@pytest.mark.parametrize("number", count())
def test_decks_have_plain_names(tmp_path, number):
    design = Design(name="plain", network={"neurons": 3})
    process = design.load_process()
    network, protocol = ladder_network(design, process, 2.0), protocol_for(design, process)
    with pytest.raises(InputError, match=r"the name of a SPICE deck has only letters|no name of a file or folder"):
        spice.write_deck(network, protocol, tmp_path / f"{hostile(tmp_path)[number]}.cir".replace("/", "_"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", count())
@pytest.mark.parametrize("what", ["layer", "name"])
def test_a_process_with_such_names_is_refused_in_one_line(tmp_path, number, what):
    data = load_process("ebeam").model_dump(mode="json")
    if what == "layer":
        data["layers"][hostile(tmp_path)[number]] = {"kind": "marker", "gds": [98, 0]}
    else:
        data["name"] = hostile(tmp_path)[number]
    path = tmp_path / "process.yaml"
    path.write_text(json.dumps(data))
    with pytest.raises(InputError) as caught:
        load_process(str(path))
    (line,) = caught.value.lines
    assert "process.yaml:1: " in line and ("name" in line or "not allowed in a text" in line) and line.isprintable()
    hollow = load_process("ebeam").model_copy(update={"layers": dict.fromkeys([*data["layers"], *data["layers"]])})
    if what == "layer":
        with pytest.raises(ValueError, match="a layer's name is a letter"):
            drc_script(hollow)
        with pytest.raises(ValueError, match="a layer's name is a letter"):
            lvs_script(hollow)


def test_layers_that_differ_in_capitals_are_refused():
    data = load_process("ebeam").model_dump()
    data["layers"]["M1"] = data["layers"]["outline"] | {"gds": (99, 0)}
    with pytest.raises(ValueError, match="layers m1 and M1 differ in capitals alone"):
        Process.model_validate(data)


@needs_klayout
@pytest.mark.usefixtures("quiet")
def test_texts_of_rules_are_no_ruby(tmp_path, monkeypatch):
    """The rules themselves with such words, run by KLayout, which reports them as they are."""
    names = [name for name in hostile(tmp_path) if name.isprintable()]
    made = [rules.Rule(name, "grid", ("m1",), 1e-9, name) for name in names]
    monkeypatch.setattr(import_module("hwlib.checks.design_rules.script"), "design_rules", lambda process: made)
    layout = kdb.Layout()
    layout.create_cell("top").shapes(layout.layer(10, 0)).insert(kdb.Box(0, 0, 10, 10))
    layout.write(str(tmp_path / "in.gds"))
    (tmp_path / "rules.drc").write_text(drc_script(load_process("ebeam")))
    command = ["klayout", "-b", "-r", "rules.drc", "-rd", "input=in.gds", "-rd", "report=out.lyrdb"]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    database = rdb.ReportDatabase("")
    database.load(str(tmp_path / "out.lyrdb"))
    assert {category.description for category in database.each_category()} == set(names)


@needs_klayout
@pytest.mark.usefixtures("quiet")
def test_names_of_layers_are_no_ruby(tmp_path, monkeypatch):
    """Were such names not refused, KLayout would still take them as texts: an extra via of each, under its own name."""
    monkeypatch.setattr(Process, "check_names", lambda process: None)
    names = [name for name in hostile(tmp_path) if name.isprintable()]
    process = load_process("ebeam")
    more = {name: process.layers["v4"].model_copy(update={"gds": (200 + k, 0)}) for k, name in enumerate(names)}
    script = lvs_script(process.model_copy(update={"layers": process.layers | more}))
    (tmp_path / "rules.lvs").write_text(script.partition("\nif $input\n")[0] + "\nputs layers.keys\n")
    command = ["klayout", "-b", "-r", "rules.lvs"]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert set(names) <= set(done.stdout.splitlines())


@pytest.mark.parametrize("number", count())
def test_technology_and_marker_files_stay_whole(tmp_path, number):
    name = hostile(tmp_path)[number]
    process = load_process("ebeam").model_copy(update={"description": name})
    path = write_technology(process, tmp_path)
    for file in (path, path.with_suffix(".lyp")):
        ElementTree.parse(file)
    technology = kdb.Technology()
    technology.load(str(path))
    assert technology.name == "ebeam" and technology.description.isprintable()
    if name.isprintable():
        assert technology.description == " ".join(name.split())
    finding = Finding("lvs", name, name, x=0.0, y=0.0, cell=name)
    ElementTree.parse(write_lyrdb([finding], tmp_path / "a.lyrdb", top_cell=name))


class _Tags(HTMLParser):
    """All tags of a page with the names of their attributes, and no text."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


def _findings(names: list[str]) -> dict[str, list[Finding]]:
    return {
        "drc": [Finding("drc", name, name, cell=name) for name in names],
        "lvs": [Finding("lvs", name, name, severity="warning") for name in names],
    }


def _points(name: str) -> dict[str, Any]:
    """Rules on an operating point that breaks one, waived for a reason of that name."""
    reason = harmless(" ".join(name.split()))[:500].strip()  # what a design file may hold
    waived = {"operating_point": {"v_dw": 1e-3}, "waivers": {"vdw.window": reason}}
    design = Design.model_validate({"name": "plain", "network": {"neurons": 3}, **waived})
    process = design.load_process()
    return {"erc_ideal": judge(ladder_network(design, process, 2.0), design, process).as_dict()}


def _manifest(folder: Path, names: list[str]) -> dict[str, Any]:
    """The run's manifest with such names where they can stand in one: printable, and files without slashes."""
    manifest = json.loads((folder / "manifest.json").read_text())
    shown = [harmless(name) for name in names]
    record = {"seconds": 1.0, "inputs": "0", "files": {}}
    manifest["versions"] = {name: name for name in shown}
    manifest["stages"]["layout"] |= {"layout": "".join(shown)[:1000], "finished": shown[0]}
    manifest["stages"]["recall, ideal"] |= {"engine": "".join(shown)[:1000]}
    for name in shown:
        file = re.sub(r"[/\\]", "", name)
        manifest["stages"][name] = record | {"finished": name, "files": {file: "0" * 64}}
    return manifest


def test_pages_show_such_names_and_nothing_more(synthetic_run, spinhop, tmp_path):
    """The tags of pages full of them are those of pages with plain names in their places."""
    folder, layout = synthetic_run(), kdb.Layout()
    layout.create_cell("top").shapes(layout.layer(10, 0)).insert(kdb.Box(0, 0, 100, 100))
    layout.write(str(tmp_path / "top.gds"))
    process, pages = load_process("ebeam"), []
    names = hostile(tmp_path)
    plain = (folder / "manifest.json").read_text()
    for texts in ([f"plain{k}" for k in range(len(names))], names):
        (folder / "manifest.json").write_text(plain)
        (folder / "manifest.json").write_text(json.dumps(_manifest(folder, texts)))
        assert spinhop("report", folder)[0] in (0, 1)  # 1 where the verdict is bad
        whole = "".join(texts)
        own = tmp_path / "checks" / os.fsdecode(b"\xff") / f"<script>{len(pages)}"
        own.mkdir(parents=True)
        titles = dict.fromkeys(("drc", "lvs", "erc_ideal"), whole)
        limits, top = VerdictLine("limits", "broken", whole, {}), tmp_path / "top.gds"
        findings = _findings(texts)
        shown = checked_layout(own, top, process, [each for some in findings.values() for each in some])
        write_check_page(own, shown, findings, _points(whole), titles, limits, next_step(None, limits, findings))
        pages.append([_Tags(page.read_text()).found for page in (folder / "report.html", own / "checks.html")])
    assert len(pages[0][0]) > 100 < len(pages[0][1])
    assert pages[0] == pages[1]


def test_terminals_get_no_escape_sequences(capsys):
    from spinhop.commands.check_commands import _print_findings
    from spinhop.console import print_table

    name = "[bold]x\x1b]0;title\x07\x1b[31mred\r\n"
    _print_findings([Finding("lvs", name, name, cell=name)])
    print_table(name, [name], [[name]])
    out = capsys.readouterr().out
    assert out.replace("\n", "").isprintable() and out.count("[bold]") == 6


def test_long_names_of_cells_are_cut_on_the_terminal(capsys):
    from spinhop.commands.check_commands import _print_findings

    _print_findings([Finding("drc", "m1.width", "too narrow", cell="long" * 2500)])
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("error: m1.width: too narrow in longlong") and len(line) <= 200
