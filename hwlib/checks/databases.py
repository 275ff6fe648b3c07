"""Findings as a KLayout report database (.lyrdb), to be shown over the layout in its marker browser."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import klayout.db as kdb
import klayout.rdb as rdb

from hwlib.argument_kinds import takes_kinds
from hwlib.errors import harmless
from hwlib.findings import Finding
from hwlib.storage.writing import write_with_library

POINT = 0.1  # µm, edge of the marker of a finding that has a place but no extent
_BASE = b"DIODE"
_CLASSES = b"""\
# For KLayout 0.28 or later. Classes of devices extend DIODE only because readers before 0.29.1 want a class of
# KLayout's own there: the terminals A and C and the parameter P that come with it mean nothing.
"""


@takes_kinds
def write_lyrdb(findings: Iterable[Finding], path: str | Path, *, top_cell: str) -> Path:
    """Write findings of any check as a report database.

    Args:
        findings: what was found; a finding without a cell is put on the top cell.
        path: the .lyrdb file.
        top_cell: name of the layout's top cell.

    Returns:
        The path. Categories are check and rule, items carry a box and the message (with measured and required value).

    Raises:
        StorageError: the file cannot be written.
    """
    top_cell = harmless(top_cell)
    database = rdb.ReportDatabase("spinhop")
    database.top_cell_name, database.generator = top_cell, "spinhop"
    cells = {top_cell: database.create_cell(top_cell)}
    categories: dict[str, rdb.RdbCategory] = {}
    for finding in findings:
        cell = harmless(finding.cell) or top_cell
        if cell not in cells:
            cells[cell] = database.create_cell(cell)
        item = database.create_item(cells[cell], _category(database, categories, finding))
        if finding.x is not None and finding.y is not None:
            x, y, w, h = (v * 1e6 for v in (finding.x, finding.y, finding.width, finding.height))
            w, h = (w, h) if w or h else (POINT, POINT)
            item.add_value(kdb.DBox(x - w / 2, y - h / 2, x + w / 2, y + h / 2))
        told = finding.message if finding.severity == "error" else f"{finding.severity}: {finding.message}"
        item.add_value(harmless(told))
    return write_with_library(Path(path), lambda p: database.save(str(p)))


def write_lvsdb(database: kdb.LayoutVsSchematic, path: str | Path) -> Path:
    """Write a compared layout as an LVS database (.lvsdb) that KLayout opens from 0.28 on.

    Before 0.29.1 its reader wants each class of devices to extend one of its own. So they extend ``DIODE`` there, which
    adds the least to them; a comment in the file says what of it means nothing.

    Raises:
        StorageError: the file cannot be written.
    """
    return write_with_library(Path(path), lambda p: database.write(str(p)), _for_older_readers)


def _for_older_readers(content: bytes) -> bytes:
    first, rest = content.split(b"\n", 1)
    classes = re.compile(rb"^( *class\(\w+ )''$", re.MULTILINE)
    return b"\n".join([first, _CLASSES, classes.sub(rb"\1" + _BASE, rest)])


def _category(
    database: rdb.ReportDatabase, categories: dict[str, rdb.RdbCategory], finding: Finding
) -> rdb.RdbCategory:
    check, rule = harmless(finding.check), harmless(finding.rule)
    if check not in categories:
        categories[check] = database.create_category(check)
    if rule not in categories:
        categories[rule] = database.create_category(categories[check], rule)
    return categories[rule]
