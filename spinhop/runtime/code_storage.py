"""What is wrong with the place where code is stored, told from the error that Numba or Python's import gives."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType

from hwlib.errors import cut

PLACES = "compiled code (beside the sources, or in NUMBA_CACHE_DIR)"
_NOWHERE = "no locator available"  # Numba's words
_READS, _READERS = ("numba", "core", "caching.py"), ("_load_index", "_load_data")  # file and functions of Numba
_IMPORTS, _UNMARSHALS = "<frozen importlib._bootstrap_external>", "_compile_bytecode"  # Python cuts it on a full disk


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
    found = _being_read(error.__traceback__)
    if found is None:
        return None
    folder, what, remedy = found
    return f"{cut(folder, 120)}: {what} is damaged ({type(error).__name__}); remove {remedy}"


def _being_read(trace: TracebackType | None) -> tuple[str, str, str] | None:
    """The folder where stored code was being read, what that code is, and what is to be removed there."""
    while trace is not None:
        frame = trace.tb_frame
        of, name, values = frame.f_code.co_filename, frame.f_code.co_name, frame.f_locals
        if name in _READERS and Path(of).parts[-3:] == _READS:
            return str(values["self"]._cache_path), "compiled code", "the files *.nbi and *.nbc"
        if name == _UNMARSHALS and of == _IMPORTS and values["bytecode_path"]:
            return str(Path(values["bytecode_path"]).parent), "Python's bytecode", "the files *.pyc"
        trace = trace.tb_next
    return None
