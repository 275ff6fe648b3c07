"""Draws cells of a PDK for another program: a line of JSON in, a line of JSON out.

``{"cell": "dw_mtj", "settings": {"track_length": 0.2}, "file": "cell.oas"}`` is answered by ``{"file": "cell.oas"}``,
or by ``{"error": "…"}`` where the cell is refused. The KLayout application asks it for its PCells: its own Python need
not have what draws them.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from hwlib.errors import ReportedError, one_line
from hwlib.process import load_process


def answer(line: str, pdk: Any) -> dict[str, str]:
    """The answer to one line.

    Args:
        line: JSON.
        pdk: the process's.
    """
    from layouts.writer import write_layout

    try:
        asked = json.loads(line)
        cell, settings, file = asked["cell"], asked["settings"], asked["file"]
    except (ValueError, KeyError, TypeError):
        return {"error": "no request: a line of JSON with cell, settings and file"}
    if cell not in pdk.cells:
        return {"error": one_line(f"no cell {cell!r}; allowed: {', '.join(sorted(pdk.cells))}")}
    try:
        return {"file": str(write_layout(pdk.cells[cell](**settings), file))}
    except (ReportedError, TypeError, OSError) as error:
        return {"error": one_line(str(error))}


def serve(process: str) -> None:
    """Answer lines of standard input until it ends.

    Args:
        process: preset, or process file.
    """
    from layouts.pdk import activate

    pdk = activate(load_process(process))
    for line in sys.stdin:
        print(json.dumps(answer(line, pdk)), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
