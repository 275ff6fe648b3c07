"""Running a bench with ngspice in batch mode and reading what it wrote."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from hwlib.errors import InputError, shown
from hwlib.storage.scratch import scratch_folder
from hwlib.storage.writing import write_atomic
from sim.spice.raw_file import SpiceRun, spice_run
from sim.spice.simulator_call import call, computed, reason

OLDEST = 39
_RAW, _DECK = "out.raw", "deck"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_TELLING = re.compile(r"error|too small|singular|abort|can't|unknown", re.IGNORECASE)
_MEASURE = re.compile(r"^(t_\w+)\s*=\s*([-+.\deE]+)", re.MULTILINE)


def run_deck(bench: str | Path, *, program: str = "ngspice", timeout: float | None = None) -> SpiceRun:
    """Run a bench in batch mode.

    ngspice reads lines as commands where it is told to, and a folder may have a name with several lines: the bench is
    included through a link to its folder, by a name of letters, digits and ``_.+-`` alone.

    Args:
        bench: the file, as ``write_deck`` writes it: one transient. Files it includes are sought beside it.
        program: name or path of ngspice 39 or newer.
        timeout: longest run in s of wall-clock time.

    Raises:
        InputError: ngspice is missing, too old, fails, or stops before the end.
    """
    executable = find_ngspice(program)
    bench = Path(bench)
    if not bench.is_file():
        raise InputError(f"{bench}: no such SPICE deck")
    check_deck_name(bench)
    with scratch_folder() as folder:
        (folder / _DECK).symlink_to(bench.parent.resolve(), target_is_directory=True)
        text = (
            f"* keeps everything in a raw file\n.include {_DECK}/{bench.name}\n.control\nset filetype=binary\nrun\n"
            f"write {_RAW}\nquit\n.endc\n.end\n"
        )
        wrapper = write_atomic(folder / "run.cir", lambda p: p.write_text(text, encoding="ascii"))
        _, said = call([executable, "-b", wrapper.name], bench, "ngspice", folder=folder, timeout=timeout)
        if not (folder / _RAW).is_file() or "simulation(s) aborted" in said:
            raise InputError(f"{bench}: ngspice failed: {reason(said, _TELLING)}")
        names, values = computed(folder / _RAW, "ngspice")
    measures = {name.lower(): float(value) for name, value in _MEASURE.findall(said)}
    return spice_run(names, values, measures)


def check_deck_name(bench: Path) -> None:
    """Refuse names of decks that ngspice could take for something else.

    Raises:
        InputError: the name has other characters than letters, digits and ``_.+-``.
    """
    if not _NAME.fullmatch(bench.name):
        allowed = "the name of a SPICE deck has only letters, digits and _.+-"
        raise InputError(f"{bench}: {allowed}, found {shown(bench.name)}")


def find_ngspice(program: str = "ngspice") -> str:
    """Path of ngspice.

    Raises:
        InputError: it is missing, does not answer, or is older than 39.
    """
    found = shutil.which(program)
    if found is None:
        raise InputError(
            f"{program}: not found; install ngspice {OLDEST} or newer (Debian, Ubuntu: apt install ngspice)"
        )
    try:
        text = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        raise InputError(f"{program}: does not answer") from None
    version = re.search(r"ngspice-(\d+)", text)
    if version is None or int(version[1]) < OLDEST:
        raise InputError(f"{program}: {version[0] if version else 'unknown version'}, needs ngspice {OLDEST} or newer")
    return found
