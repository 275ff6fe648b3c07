"""The notebooks of docs run from their first cell to their last, as a reader would run them."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path, tmp_path, monkeypatch):
    """Its own assertions hold, and its last results are shown; the files as they ship have no outputs."""
    monkeypatch.setenv("PYTHONPATH", f"{FOLDER.parents[1]}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code), "clear its outputs"
    NotebookClient(book, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert sum(bool(cell.outputs) for cell in code) >= 3
    assert not any(output.get("name") == "stderr" for cell in code for output in cell.outputs)


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == ["macro_in_chip", "sweep", "yield"]
