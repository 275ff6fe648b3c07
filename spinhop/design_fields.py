"""Fields of a design by their path, as ``operating_point.weight``: read one value, set some, make the design again."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from hwlib.design import Design

Value = float | int | str


def plain_fields(design: Design, mode: str = "python") -> dict[str, Any]:
    """The fields of a design, without its search and without what follows from files.

    Args:
        design: the design.
        mode: ``python`` for SI numbers, ``json`` for texts with units as a file has them.
    """
    without: dict[str, Any] = {"search": True, **design.from_task}
    if design.from_files:
        inner = without.get("network", {})
        without["network"] = {**(inner if isinstance(inner, dict) else dict.fromkeys(inner, True)), "neurons": True}
    return design.model_dump(mode=mode, exclude=without, exclude_none=True)


def set_field(data: dict[str, Any], path: str, value: Any) -> None:
    """Set a field of ``plain_fields``.

    Raises:
        TypeError: the path leads through something that holds no fields.
    """
    *parents, last = path.split(".")
    for part in parents:
        data = data.setdefault(part, {})
        if not isinstance(data, dict):
            raise TypeError(path)
    data[last] = value


def design_of(data: dict[str, Any], like: Design) -> Design:
    """The design of some fields, its files where those of another are; nothing is read from them yet.

    Raises:
        ValueError: the values do not go together.
    """
    design = Design.model_validate(data, context={"unread": True})
    design._folder = like._folder
    return design


def read_field(design: Design, path: str, value: Any) -> Any:
    """A value as the field reads it in a file: SI numbers from texts with units.

    Raises:
        ValueError: there is no such field, or it does not take the value; in words.
    """
    data = plain_fields(design, "json")
    try:
        set_field(data, path, value)
        found: Any = Design.model_validate(data, context={"from_file": True})  # a value needs its unit
    except (ValidationError, TypeError) as error:
        problems = error.errors(include_url=False) if isinstance(error, ValidationError) else []
        why = problems[0]["msg"].removeprefix("Value error, ") if problems else "no field of a design"
        raise ValueError(why) from None
    for part in path.split("."):
        found = getattr(found, part, None)
    return found
