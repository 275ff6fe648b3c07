"""A commented design file to start from, made from the models so that it never says another default than they do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from hwlib.design import Design, load_design
from hwlib.errors import InputError, all_of
from hwlib.storage.writing import refuse_existing, replacing
from hwlib.storage.yaml_text import yaml_text
from spinhop.designs.working_start import working_start

_WIDTH = 58
PROCESS: str = Design.model_fields["process"].default
# What that process asks for beyond the defaults, which are the least that can be drawn: wires that carry the currents
# of small networks, and voltages just below the paper's.
_SMALL = 8  # neurons
_OF_SMALL = {
    "network.dendrite_width": "120 nm", "network.drive_width": "100 nm", "network.ground_width": "100 nm",
    "network.weight_width": "100 nm", "operating_point.v_charge": "80 mV", "operating_point.weight": "86 mV",
}  # fmt: skip


def write_starter(
    path: Path, *, neurons: int = 8, weight_style: str = "rails", process: str = PROCESS, replace: bool = False
) -> Path:
    """Write a design file with every field: the chosen ones set, the others commented out at their default.

    On rails it has the wires of a network that works as drawn (``working_start``).

    Args:
        path: the file; its stem becomes the design's name.
        neurons: N.
        weight_style: ``rails`` or ``lines``.
        process: name of a preset, or of a process file beside the design.
        replace: overwrite an existing file.

    Raises:
        InputError: existing file, or bad values.
        StorageError: the folder cannot be written.
    """
    if path.suffix not in (".yaml", ".yml"):
        raise InputError(f"{path}: a design file ends in .yaml")
    if not path.stem.isprintable():  # it would be lines of the file
        raise InputError(f"{path}: a design's name has no line breaks or other characters that cannot be printed")
    refuse_existing(path, replace)
    with replacing(path, replace=replace) as temporary:
        temporary.write_text(starter_text(path.stem, neurons, weight_style, process), encoding="utf-8")
        try:
            load_design(temporary)
        except InputError as error:
            # No line, as the file is not there; the beginning of a long path is cut off.
            place = re.compile(rf"^.*?{re.escape(temporary.name)}(:\d+)?")
            raise all_of([place.sub(lambda _: str(path), line) for line in error.lines], path) from None
    return path


def starter_text(name: str, neurons: int, weight_style: str, process: str = PROCESS) -> str:
    """The starter design as text."""
    model, fields = _chosen(neurons, weight_style, process)
    chosen = {"name": name, "network.neurons": neurons, "network.weight_style": weight_style, **fields}
    defaults = Design(name="x", network={"neurons": 2}).model_dump(mode="json")  # type: ignore[arg-type]
    head = ["# A spinhop design. Uncomment a line to change it; what stands commented is the default."]
    if model:
        head.append(f"# Device, wires and voltages are those of {model}, which works as drawn (docs/codesigned.md).")
    lines = [*head, f"# spinhop run {name}.yaml", ""]
    return "\n".join(lines + _fields(Design, defaults, chosen, "")) + "\n"


def _chosen(neurons: int, weight_style: str, process: str) -> tuple[str, dict[str, Any]]:
    """Fields beyond size and style, and the design that they are of, if they are of one."""
    if process == PROCESS and (neurons <= _SMALL or weight_style == "lines"):
        return "", _OF_SMALL
    start = working_start(process, neurons) if weight_style == "rails" else None
    model, fields = start or ("", {})
    return model, fields if process == PROCESS else {"process": process, **fields}


def _fields(model: type[BaseModel], defaults: dict[str, Any], chosen: dict[str, Any], prefix: str) -> list[str]:
    lines: list[str] = []
    indent = "  " * prefix.count(".")
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        default = defaults.get(name)
        nested = type(info.default) if isinstance(info.default, BaseModel) else None
        if nested is not None:
            inner = _fields(nested, default or {}, chosen, f"{path}.")
            used = any(key.startswith(f"{path}.") for key in chosen)
            lines += [] if prefix else [""]
            lines += [f"{indent}{'' if used else '# '}{name}:", *inner]
        elif path in chosen:
            # Table I has the default, not what is chosen.
            meaning = re.sub(r"Table I(?!')", f"Table I: {_scalar(default)}", info.description or "")
            lines.append(_line(f"{indent}{name}: {_scalar(chosen[path])}", meaning))
        else:
            value = "" if default is None else f" {_scalar(default)}"
            lines.append(_line(f"{indent}# {name}:{value}", info.description))
    return lines


def _line(text: str, comment: str | None) -> str:
    if not comment:
        return text
    return f"{text:<{_WIDTH}}  # {' '.join(comment.split())}"


def _scalar(value: Any) -> str:
    text = yaml_text(value, flow=True, width=10**6).strip()
    return text.removesuffix("...").strip()
