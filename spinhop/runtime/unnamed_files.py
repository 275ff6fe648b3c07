"""What could not be written, where the system does not say it: every file of ours comes with its name."""

from __future__ import annotations

import traceback
from pathlib import Path

OUTPUT = "standard output"
_ROOT = Path(__file__).parents[2]  # of our packages
_INSTALLED = "site-packages"
_PRINT = ("click", "typer", "rich")  # libraries that write for us what people read


def unnamed(error: OSError) -> str:
    """In words: standard output, shared memory, or whose file it is, by where the error came from."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if _INSTALLED in path.parts:
            library = path.parts[path.parts.index(_INSTALLED) + 1]
            return OUTPUT if library in _PRINT else f"a file that {library} writes"
        if "multiprocessing" in path.parts:
            return "shared memory (/dev/shm)"
        if path.is_relative_to(_ROOT):
            break
    return OUTPUT
