"""Extraction of a layout that is one device by itself, and the file of its numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwlib.errors import InputError
from hwlib.findings import failed
from hwlib.writing import write_bytes
from spinhop.checking import check_alone

FILE = "device.json"


@dataclass(frozen=True)
class LoneExtraction:
    """What was extracted.

    Attributes:
        sizes, values: as of ``hwlib.checks.lone_device.LoneDevice``, SI.
        rows: both in words, with usual units.
        failed: whether the device breaks rules, whatever its sizes are.
        file: with the numbers, or None.
    """

    sizes: dict[str, float]
    values: dict[str, float]
    rows: list[tuple[str, str]]
    failed: bool
    file: Path | None

    def data(self) -> dict[str, Any]:
        """The numbers, as ``spinhop check`` gives them in its JSON."""
        return {"failed": self.failed, "sizes": self.sizes, "values": self.values}


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
        InputError: a layout that cannot be read, has several devices or none whose values follow, or a bad design or
            process.
    """
    found = check_alone(layout, process, top=top, against=against)
    if not found.values:
        why = next((each.message for each in found.findings if each.check == "lvs" and each.severity == "error"), "")
        raise InputError(f"{layout}: no device to extract: {why}")
    made = LoneExtraction(
        found.sizes, found.values, [*found.size_rows(), *found.value_rows()],
        failed([each for each in found.findings if each.rule != "lvs.size"]),
        None if out is None else out / FILE,
    )  # fmt: skip
    if made.file is not None:
        write_bytes(made.file, (json.dumps(made.data(), indent=1) + "\n").encode())
    return made
