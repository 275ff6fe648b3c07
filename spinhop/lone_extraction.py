"""Extraction of a layout that is one device by itself, and the file of its numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwlib.errors import InputError
from hwlib.findings import failed
from hwlib.storage.writing import write_bytes
from spinhop.checking import check_alone
from spinhop.run_folder.folder_lock import refuse_results

if TYPE_CHECKING:
    from hwlib.checks.lone_device import LoneDevice

FILE = "device.json"


@dataclass(frozen=True)
class LoneExtraction:
    """What was extracted: the device, and the file with its numbers or None."""

    device: LoneDevice
    file: Path | None

    @property
    def failed(self) -> bool:
        """Whether the device breaks rules, whatever its sizes are."""
        return failed([each for each in self.device.findings if each.rule != "lvs.size"])

    def data(self) -> dict[str, Any]:
        """The numbers, as ``spinhop check`` gives them in its JSON."""
        return {"failed": self.failed, "sizes": self.device.sizes, "values": self.device.values}


def extract_alone(
    layout: Path, process: str, *, out: Path | None = None, top: str | None = None, against: Path | None = None
) -> LoneExtraction:
    """Extract a layout that is one device by itself.

    Args:
        layout: GDS or OASIS file.
        process: a preset's name, or a process file; that of ``against`` where one is given.
        out: folder for ``device.json``; none is written otherwise.
        top: its cell, when it has several top cells.
        against: design file whose materials it is of; default: those of Table I.

    Raises:
        InputError: a layout that cannot be read, has several devices or none whose values follow, a bad design or
            process, or a folder where a command keeps its results.
    """
    if out is not None:
        refuse_results(out)
    found = check_alone(layout, process, top=top, against=against)
    if not found.values:
        why = next((each.message for each in found.findings if each.check == "lvs" and each.severity == "error"), "")
        raise InputError(f"{layout}: no device to extract: {why}")
    made = LoneExtraction(found, None if out is None else out / FILE)
    if made.file is not None:
        write_bytes(made.file, (json.dumps(made.data(), indent=1) + "\n").encode())
    return made
