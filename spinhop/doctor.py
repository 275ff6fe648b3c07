"""What this machine offers: versions, the optional programs, processor threads, a listening KLayout."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import NamedTuple

from hwlib.storage.made_with import versions
from hwlib.workers.threads import cores
from spinhop.klive import is_listening
from spinhop.runtime.extras import extra_of


class EnvironmentFact(NamedTuple):
    """One line of the examination; ``good`` is False when something required is missing."""

    what: str
    found: str
    good: bool = True


def examine() -> list[EnvironmentFact]:
    """Look at the environment without loading the packages."""
    lines = [_package(name, version) for name, version in versions().items()]
    lines.append(EnvironmentFact("ngspice", _ngspice()))
    lines.append(
        EnvironmentFact("KLayout", "listening (klive)" if is_listening() else "not listening; needed for show only")
    )
    lines.append(EnvironmentFact("processor threads", str(cores())))
    return lines


def _package(name: str, version: str) -> EnvironmentFact:
    extra = extra_of(name) if version == "missing" else None
    return EnvironmentFact(name, version if extra is None else f"not installed; pip install 'spinhop[{extra}]'",
                           extra is not None or version != "missing")  # fmt: skip


def _ngspice() -> str:
    program = shutil.which("ngspice")
    if program is None:
        return "not found; needed for spice --run only"
    try:
        text = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return f"{program} does not answer"
    match = re.search(r"ngspice-(\S+)", text)
    return match[1] if match else "version unknown"
