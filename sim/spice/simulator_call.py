"""Calling circuit simulators, and compilers of their models: a time limit, and what went wrong as one line."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np

from hwlib.errors import InputError
from sim.spice.raw_file import read_raw

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def call(
    command: list[str], what: Path | str, title: str, *, folder: Path | None, timeout: float | None
) -> tuple[int, str]:
    """Run a program to its end.

    Args:
        command: program and arguments.
        what: it works on, for messages.
        title: of the program, for messages.
        folder: in which it runs; None: this one.
        timeout: s of wall-clock time.

    Returns:
        Exit code, and all that it said.

    Raises:
        InputError: it took longer.
    """
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", check=False, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"{what}: {title} did not end within {timeout:g} s") from None
    return done.returncode, done.stdout + "\n" + done.stderr


def reason(said: str, telling: re.Pattern[str], banner: re.Pattern[str] | None = None) -> str:
    """The first line of what a program said that tells what is wrong.

    Args:
        said: all of it.
        telling: found in such lines.
        banner: begins lines that never do.
    """
    lines = [" ".join(line.split()) for line in _COLOUR.sub("", said).splitlines() if line.strip()]
    lines = [line for line in lines if banner is None or not banner.match(line)]
    return next(filter(telling.search, lines), (lines or ["no output"])[0])[:200]


def computed(raw: Path, title: str) -> tuple[list[str], np.ndarray]:
    """What ``read_raw`` reads.

    Raises:
        InputError: it is cut off, as on a full disk.
    """
    try:
        return read_raw(raw)
    except (ValueError, StopIteration):
        raise InputError(f"{raw.parent}: no room for what {title} computes; set TMPDIR to a larger disk") from None
