"""The ``compensation`` section of a design file: source voltages of the drawn network that make up for its wires."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from hwlib.errors import InputError, all_of, shown
from hwlib.quantities import parse_number
from hwlib.sections.weight_fields import MAX_MATRIX_BYTES, MAX_V_DW, check_level
from hwlib.storage.files import read_text
from hwlib.strict_model import StrictModel
from hwlib.task_kinds import FileName
from hwlib.training_rules import MIN_LEVEL
from hwlib.units import Quantity

HEADING = "net,multiple of W"


class CompensationFields(StrictModel):
    """Voltages of sources for the network as drawn; ideal wires keep those of the weights and the operating point."""

    weights_file: FileName | None = Field(
        default=None, description="CSV beside the design: every weight net and its voltage as multiple of W"
    )
    v_dw: Annotated[float, Quantity("V", 1e-6, MAX_V_DW)] | None = Field(
        default=None, description="V_DW as drawn; else that of the operating point"
    )

    @model_validator(mode="after")
    def _some(self) -> CompensationFields:
        if self.weights_file is None and self.v_dw is None:
            raise ValueError("give weights_file, v_dw or both")
        return self


def read_net_levels(path: Path, names: Sequence[str]) -> dict[str, float]:
    """Read the voltages of weight nets.

    Args:
        path: CSV with the line ``HEADING``, then a net and a multiple of W a line.
        names: of all weight nets; each has to be there once.

    Raises:
        InputError: a line that is none of these, or nets that are missing.
    """
    missing, found, wrong = dict.fromkeys(names), {}, []
    lines = read_text(path, "compensation", MAX_MATRIX_BYTES).splitlines()
    if not lines or lines[0].strip() != HEADING:
        raise InputError(f"{path}:1: the first line is {HEADING!r}, found {shown(lines[0] if lines else '')}")
    for number, line in enumerate(lines[1:], start=2):
        name, _, text = (part.strip() for part in line.partition(","))
        if not line.strip():
            continue
        try:
            level = check_level(parse_number(text))
        except ValueError as error:
            text = "a line is a net and a number, separated by a comma" if not text else str(error)
            wrong.append(f"{path}:{number}: {text}, found {shown(line)}")
            continue
        if name not in missing:
            twice = name in found
            why = "given twice" if twice else f"no weight net of this design; allowed: {_some(names)}"
            wrong.append(f"{path}:{number}: {shown(name)}: {why}")
            continue
        del missing[name]
        found[name] = level
    if missing and not wrong:
        wrong = [f"{path}: {len(missing)} of {len(names)} weight nets missing: {_some(list(missing))}"]
    if wrong:
        raise all_of(wrong, path)
    return found


def net_levels_text(levels: dict[str, float]) -> str:
    """The text that ``read_net_levels`` reads; what is too small to be a weight is 0."""
    rows = [f"{name},{level if abs(level) >= MIN_LEVEL else 0.0!r}" for name, level in levels.items()]
    return "\n".join([HEADING, *rows, ""])


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
