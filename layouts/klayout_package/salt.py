"""Writing a KLayout package (as its package manager, "salt", has them) of a process."""

from __future__ import annotations

import inspect
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from hwlib.cells.rules import process_key
from hwlib.checks import drc_script, lvs_script
from hwlib.errors import harmless
from hwlib.process import Process, preset_names
from hwlib.storage.writing import write_bytes
from hwlib.technology import write_technology, xml_text
from layouts.pdk import make_pdk

FOR_ROUTERS = ("straight", "wire_corner", "wire_step", "wire_via")  # cells that nobody places by hand
PROCESS_FILE = "process.yaml"
_HERE = Path(__file__).parent
_PLAIN = {"float": float, "int": int, "str": str, "bool": bool}


def write_package(process: Process, folder: str | Path, *, python: str = sys.executable) -> list[Path]:
    """Write a package that the KLayout application takes as it is.

    A link to the folder, or a copy, among ``salt/`` in KLayout's own folder (``~/.klayout``) installs it: technology
    (layers, connectivity), design rules (Tools > DRC), layout against netlist (Tools > LVS), a check of the open layout
    (Tools > Macros), and the library ``spinhop_<process>`` with the PDK's cells as PCells, which ``python`` draws.

    Args:
        process: the process.
        folder: the package; made, or its files replaced.
        python: interpreter that has spinhop, as the package will start it.

    Returns:
        The files.

    Raises:
        StorageError: the folder cannot be written.
    """
    process.check_names()
    folder = Path(folder)
    base = folder / "tech" / process.name
    words = _words(process, base, python)
    made = {
        folder / "grain.xml": _grain(process),
        base / PROCESS_FILE: process.model_dump_json(indent=1, exclude_none=True) + "\n",
        base / "drc" / f"{process.name}.lydrc": _macro(f"Design rules, {process.name}", drc_script(process), "drc"),
        base / "lvs" / f"{process.name}.lylvs": _macro(
            f"Layout against netlist, {process.name}", lvs_script(process), "lvs"
        ),
        base / "pymacros" / "pcell_library.lym": _macro(
            f"Cells of spinhop, {process.name}", _filled("pcell_library.py.txt", words), "pymacros", autorun=True
        ),
        base / "pymacros" / "spinhop_check.lym": _macro(
            f"Check with spinhop, {process.name}", _filled("check_macro.py.txt", words), "pymacros"
        ),
    }
    for path, text in made.items():  # the grain first: by it the folder is known for a package, however soon this ends
        write_bytes(path, text.encode())
    technology = write_technology(process, base)
    return [technology, technology.with_suffix(".lyp"), *made]


def pcell_parameters(process: Process) -> list[dict[str, Any]]:
    """The PDK's cells with name, type, text and default of each setting, as plain data."""
    found = []
    for name, cell in sorted(make_pdk(process).cells.items()):
        if name not in FOR_ROUTERS:
            texts = _argument_texts(inspect.getdoc(getattr(cell, "func", cell)) or "")
            settings = inspect.signature(cell).parameters.values()
            parameters = [_parameter(each, texts) for each in settings if each.name != "process"]
            found.append({"name": name, "parameters": parameters})
    return found


def _parameter(setting: inspect.Parameter, texts: dict[str, str]) -> dict[str, Any]:
    least = setting.default is None  # a width; PCells know no None
    default = 0.0 if least else setting.default
    kind = next(word for word, type_ in _PLAIN.items() if type(default) is type_)
    text = f"{setting.name}: {texts.get(setting.name, '')}" + ("; 0: the least" if least else "")
    return {"name": setting.name, "type": kind, "text": text, "default": default, "least": least}


def _argument_texts(doc: str) -> dict[str, str]:
    """What a docstring says of each argument."""
    texts: dict[str, str] = {}
    name = ""
    for line in doc.partition("Args:\n")[2].splitlines():
        indent = len(line) - len(line.lstrip())
        if not line.strip() or indent < 4:
            break
        if indent == 4:
            name, _, rest = line.strip().partition(": ")
            texts[name] = rest
        else:
            texts[name] += " " + line.strip()
    return {name: text.rstrip(".").replace("``", "") for name, text in texts.items()}


def _words(process: Process, base: Path, python: str) -> dict[str, Any]:
    key = process_key(process)
    return {
        "library": f"spinhop_{process.name}", "technology": process.name, "description": _about(process),
        "python": python, "folder": str(base.absolute()), "process": PROCESS_FILE,
        "preset": key if key in preset_names() else "",
        "cells": pcell_parameters(process),
    }  # fmt: skip


def _about(process: Process) -> str:
    return harmless(" ".join(process.description.split()))


def _filled(template: str, words: dict[str, Any]) -> str:
    """A macro with what it needs to know, as a text literal that holds JSON: whatever a name is, it stays text."""
    return (_HERE / template).read_text(encoding="utf-8").replace("@PACKAGE@", repr(json.dumps(words)))


def _macro(title: str, text: str, category: str, *, autorun: bool = False) -> str:
    """A macro file of KLayout: Python, design rules or layout against netlist."""
    dsl = category in ("drc", "lvs")
    fields = {
        "description": title, "version": version("spinhop"), "category": category, "prolog": "", "epilog": "",
        "doc": "", "autorun": str(autorun).lower(), "autorun-early": "false", "priority": "0", "shortcut": "",
        "show-in-menu": str(not autorun).lower(), "group-name": f"{category}_scripts" if dsl else "",
        "menu-path": f"tools_menu.{category}.end" if dsl else "" if autorun else "tools_menu.end",
        "interpreter": "dsl" if dsl else "python", "dsl-interpreter-name": f"{category}-dsl-xml" if dsl else "",
        "text": text,
    }  # fmt: skip
    root = ElementTree.Element("klayout-macro")
    for name, value in fields.items():
        ElementTree.SubElement(root, name).text = value
    return xml_text(root)


def _grain(process: Process) -> str:
    fields = {
        "name": f"spinhop_{process.name}", "token": "", "version": version("spinhop"), "api-version": "0.28",
        "title": f"spinhop, process {process.name}", "doc": _about(process),
        "doc-url": "", "url": "", "license": "Apache-2.0", "author": "spinhop", "author-contact": "",
        "authored-time": "", "installed-time": "", "icon": "", "screenshot": "",
    }  # fmt: skip
    root = ElementTree.Element("salt-grain")
    for name, value in fields.items():
        ElementTree.SubElement(root, name).text = value
    return xml_text(root)
