"""One finding of a check: the common currency of DRC, LVS and the operating-point rules."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hwlib.argument_kinds import takes_kinds
from hwlib.storage.json_files import read_json
from hwlib.storage.writing import write_text

Severity = Literal["error", "warning", "waived"]


@dataclass(frozen=True)
class Finding:
    """What a check found, where, and by how much.

    Attributes:
        check: ``drc``, ``lvs`` or ``erc``.
        rule: name of the rule, e.g. ``m2.space``.
        severity: ``error`` fails the check; ``warning`` and ``waived`` do not.
        message: one sentence in the user's terms.
        cell: cell the finding is in; empty for the whole network.
        x, y: place on the layout in m (top cell for LVS and ERC, ``cell`` for DRC); None when it has none.
        width, height: extent of the marker in m.
        measured, required: values compared, in ``unit``; None when the rule compares none.
    """

    check: Literal["drc", "lvs", "erc"]
    rule: str
    message: str
    severity: Severity = "error"
    cell: str = ""
    x: float | None = None
    y: float | None = None
    width: float = 0.0
    height: float = 0.0
    measured: float | None = None
    required: float | None = None
    unit: str = ""


@takes_kinds
def write_findings(findings: Iterable[Finding], path: str | Path) -> Path:
    """Write findings as a JSON list, a line each.

    Args:
        findings: what was found.
        path: file to write.

    Raises:
        InputError: something in the list that is no finding.
        StorageError: the file cannot be written.
    """
    rows = [json.dumps(vars(finding)) for finding in findings]
    text = "[\n " + ",\n ".join(rows) + "\n]" if rows else "[]"
    return write_text(Path(path), text + "\n")


@takes_kinds
def read_findings(path: str | Path) -> list[Finding]:
    """Read findings that ``write_findings`` wrote.

    Raises:
        InputError: missing, damaged, or of another kind.
    """
    return read_json(Path(path), list[Finding], "list of findings")


def failed(findings: Iterable[Finding]) -> bool:
    """Whether any finding is an error."""
    return any(f.severity == "error" for f in findings)
