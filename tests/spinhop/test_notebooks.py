"""The notebooks of docs run from their first cell to their last, and print what they show."""

from __future__ import annotations

import nbformat
import pytest

from tests.support import notebook_outputs


@pytest.mark.parametrize("path", notebook_outputs.paths(), ids=lambda path: path.stem)
def test_notebook_prints_what_it_shows(path, tmp_path):
    """Its own assertions hold too; a number that changed is mended by ``make notebooks``."""
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    shown = notebook_outputs.printed(book)
    assert sum(bool(text) for text in shown) >= 3 and not any("stderr:" in text for text in shown)
    assert notebook_outputs.printed(notebook_outputs.executed(path, tmp_path)) == shown


def test_what_comes_in_pieces_is_one_output(tmp_path):
    """A kernel sends what was printed so far whenever it finds time to."""
    cell = nbformat.v4.new_code_cell("import time\nprint('one', end=' ', flush=True)\ntime.sleep(0.3)\nprint('line')")
    path = tmp_path / "pieces.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    assert notebook_outputs.printed(notebook_outputs.executed(path, tmp_path)) == ["stdout: one line\n"]


def test_there_are_three_of_bearable_size():
    assert [path.stem for path in notebook_outputs.paths()] == ["macro_in_chip", "sweep", "yield"]
    assert all(path.stat().st_size < 60_000 for path in notebook_outputs.paths())
