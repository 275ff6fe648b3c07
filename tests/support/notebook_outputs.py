"""The notebooks of docs: run as a reader would run them, and what they show kept in their files.

``make notebooks`` writes their outputs again; a test runs them and compares what they print with what they show.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "notebooks"
SHOWN = ("image/svg+xml", "image/png", "text/plain")  # kept of a result; HTML of xarray would be 100 kB of styles


def paths() -> list[Path]:
    """The notebooks, by name."""
    return sorted(FOLDER.glob("*.ipynb"))


def executed(path: Path, folder: Path) -> nbformat.NotebookNode:
    """The notebook with the outputs of a run in a folder of its own, which imports these sources."""
    book = nbformat.read(path, as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("SOURCE_DATE_EPOCH", "0")  # matplotlib's figures carry no clock
        resources = {"metadata": {"path": str(folder)}}
        # What one print writes may come in several pieces, which would be outputs of their own.
        NotebookClient(book, timeout=240, kernel_name="python3", resources=resources, coalesce_streams=True).execute()
    for cell in book.cells:
        cell.metadata.pop("execution", None)  # times of a clock
        for output in cell.get("outputs", ()):
            if "data" in output:
                output["data"] = {kind: output["data"][kind] for kind in SHOWN if kind in output["data"]}
    return book


def printed(book: nbformat.NotebookNode) -> list[str]:
    """What each code cell prints and returns as text; of a picture, that there is one."""
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    return ["".join(_text(output) for output in cell.outputs) for cell in cells]


def _text(output: nbformat.NotebookNode) -> str:
    if output.output_type == "stream":
        return f"{output.name}: {output.text}"
    kinds = sorted(kind for kind in output.data if kind.startswith("image/"))
    return " ".join(kinds) if kinds else output.data["text/plain"]


def main() -> None:
    """Run all of them and keep what they show."""
    for path in paths():
        with tempfile.TemporaryDirectory() as folder:
            book = executed(path, Path(folder))
        nbformat.write(book, path)
        print(path.relative_to(ROOT), *printed(book), sep="\n")


if __name__ == "__main__":
    main()
