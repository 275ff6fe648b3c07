"""Engines speak the field's terms (glossary in ``docs/engines.md``), and build their records by field name."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import sim.engines

ROOT = Path(sim.engines.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))
GONE = re.compile(
    r"(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))(?i:boards?|rungs?|packs?|glid(?:e|es|ed|ers?|ing)|pieces?)(?![a-z])"
)
IDS = [str(path.relative_to(ROOT)) for path in SOURCES]


def test_the_words_are_told_apart():
    """Parts of identifiers count, parts of other words do not."""
    for text in (
        "make_board",
        "RUNG_LANES",
        "RungState",
        "NewBoard",
        "packs of",
        "chunk_pack",
        "begins_gliding",
        "_no_piece",
    ):
        assert GONE.search(text), text
    for text in ("keyboard", "package", "np.packbits", "piecewise", "wrung"):
        assert not GONE.search(text), text


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_words_of_our_own_are_gone(path):
    assert not GONE.search(str(path.relative_to(ROOT)))
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        assert not GONE.search(line.replace("cgutils.pack_array", "")), f"{number}: {line.strip()}"


@cache
def records() -> set[str]:
    """Classes of the engines that are named tuples."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any(getattr(base, "id", "") == "NamedTuple" for base in node.bases):
                found.add(node.name)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_records_are_built_by_field_name(path):
    names = records()
    assert {"Plan", "System", "Motion", "Program"} <= names
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names:
            assert not node.args, f"line {node.lineno}: {node.func.id} by position"
