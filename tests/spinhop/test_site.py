"""The documentation site builds strictly, fetches nothing, and has every public name."""

from __future__ import annotations

import ast
import html
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from spinhop.verdicts.levers import LEVERS, anchor

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("hwlib", "layouts", "sim", "spinhop")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site; every unknown page, link and anchor is an error of its build."""
    pytest.importorskip("mkdocstrings_handlers.python", reason="pip install spinhop[docs]")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def site(folder: Path) -> dict[str, str]:
    """Pages of the site by their path."""
    pages = {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    assert "index.html" in pages
    return pages


def test_nothing_is_fetched(site):
    fetched = r'<(?:script|img|iframe|source)\b[^>]*\bsrc="([^"]*)"|<link\b[^>]*\bhref="([^"]*)"|url\(([^)]*)\)'
    for name, text in site.items():
        for address in ("".join(found) for found in re.findall(fetched, text)):
            assert not re.match(r"(https?:)?//", address), f"{name}: {address}"


def test_every_public_name_has_its_place(site):
    for room in ROOMS:
        stub = ast.parse((ROOT / room / "__init__.pyi").read_text(encoding="utf-8"))
        imports = [node for node in stub.body if isinstance(node, ast.ImportFrom) and node.module]
        names = [f"{room}.{node.module}.{each.name}" for node in imports for each in node.names]
        assert names
        for name in names:
            assert f'id="{name}"' in site[f"api/{room}.html"], name


def test_equations_are_drawn_by_the_browser_itself(site):
    assert not any("arithmatex" in text for text in site.values())


def test_links_of_pages_lead_to_files_and_anchors(folder, site):
    """Those in HTML too, which the build does not look at."""
    anchors = {name: set(re.findall(r'\bid="([^"]+)"', text)) for name, text in site.items()}
    seen = 0
    for name, text in site.items():
        for link in re.findall(r'<(?:a|img|source)\b[^>]*\b(?:href|src)="([^"]*)"', text):
            address, _, section = html.unescape(link).partition("#")
            if name == "404.html" or re.match(r"[a-z]+:", address):
                continue
            target = (folder / name).parent / unquote(address) if address else folder / name
            assert target.is_file(), f"{name}: {link}"
            page = str(target.resolve().relative_to(folder.resolve()))
            assert not section or section in anchors[page], f"{name}: {link}"
            seen += 1
    assert seen > 1000


def test_reports_and_messages_lead_to_pages_and_anchors_that_are_there(site):
    """``docs_address`` and ``see`` of the sources, by what they are called with."""
    wanted = {("levers", anchor(lever)) for lever in LEVERS}
    for path in (ROOT / "spinhop").rglob("*.py"):
        calls = re.findall(r"""\bsee\(['"]([^'"]+)['"](?:, ['"]([^'"]+)['"])?\)""", path.read_text(encoding="utf-8"))
        wanted |= set(calls)
    assert len(wanted) > len(LEVERS) + 1
    for page, section in wanted:
        assert not section or f'id="{section}"' in site[f"{page}.html"], (page, section)


def test_notebooks_are_pages_with_their_outputs(folder, site):
    assert "918 resistors" in site["notebooks/macro_in_chip.html"]
    assert (folder / "notebooks" / "sweep_0.svg").read_bytes().startswith(b"<svg")
    assert 'href="sweep.ipynb" download' in site["notebooks/sweep.html"]
    assert "notebooks/sweep.html" in site["studies.html"] and "sweep.ipynb" not in site["studies.html"]
