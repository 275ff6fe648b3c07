"""What is wrong with the place where compiled code is stored, told from the error that Numba gives."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType

from hwlib.errors import cut

PLACES = "compiled code (beside the sources, or in NUMBA_CACHE_DIR)"
_NOWHERE = "no locator available"  # Numba's words
_READS, _READERS = ("numba", "core", "caching.py"), ("_load_index", "_load_data")  # file and functions of Numba


def comes_from_numba(error: BaseException) -> bool:
    """Whether an error was raised in Numba, or in what it called."""
    return any("numba" in Path(frame.filename).parts for frame in traceback.extract_tb(error.__traceback__))


def storage_problem(error: Exception) -> str | None:
    """One line where compiled code can be stored nowhere, or what is stored cannot be read; None of other errors."""
    if isinstance(error, RuntimeError) and _NOWHERE in str(error):
        return (
            "compiled code can be stored neither beside the sources nor in the home folder; set NUMBA_CACHE_DIR to a "
            "folder that can be written"
        )
    folder = _folder_being_read(error.__traceback__)
    if folder is None:
        return None
    return f"{folder}: compiled code is damaged ({type(error).__name__}); remove the files *.nbi and *.nbc"


def _folder_being_read(trace: TracebackType | None) -> str | None:
    """Where a file was being read, by what Numba reads its files with."""
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code.co_name in _READERS and Path(frame.f_code.co_filename).parts[-3:] == _READS:
            return cut(str(frame.f_locals["self"]._cache_path), 150)
        trace = trace.tb_next
    return None
