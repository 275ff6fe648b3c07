"""Notebooks of docs, run as a reader would: every code cell in order, in one namespace, in a folder of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "notebooks"


def run_notebook(name: str) -> dict[str, Any]:
    """Run the code of a notebook in the working folder, and return what it has made, by name.

    A cell that fails raises with the line within the notebook's own cell. It has to ship without outputs.
    """
    book = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code), "clear its outputs"
    made: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(code, start=1):
        exec(compile("".join(cell["source"]), f"{name}.ipynb, code cell {number}", "exec"), made)
    return made
