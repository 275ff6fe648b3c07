"""The documentation site builds strictly, fetches nothing, and has every public name."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("hwlib", "layouts", "sim", "spinhop")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Pages of the site by their path; every unknown page, link and anchor is an error of the build."""
    pytest.importorskip("mkdocstrings_handlers.python", reason="pip install spinhop[docs]")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
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
