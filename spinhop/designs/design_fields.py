"""Fields of a design by their path, as ``operating_point.weight``: read one value, set some, make the design again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from hwlib.design import Design, completed
from hwlib.dynamics_data import DEFAULT, Dynamics
from hwlib.errors import cut
from hwlib.field_words import allowed_words
from hwlib.process import Process
from hwlib.units import Quantity

Value = float | int | str
TRIES = 256  # values at random, of which some have to make a design
_T = TypeVar("_T")
_PROCESS = "process."
_PARAMETERS = "device.dynamics.parameters"


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
    return Design.model_validate(data, context={"unread": True}).placed(like.folder)


def read_field(design: Design, path: str, value: Any, *, in_file: bool = True) -> Any:
    """A value as the field reads it: SI numbers from texts with units.

    Args:
        design: the design.
        path: of the field.
        value: of the field.
        in_file: it needs its unit, as in a file; else a number is SI.

    Raises:
        ValueError: there is no such field, or it does not take the value; in words.
    """
    data = plain_fields(design, "json")
    context = {"from_file": True} if in_file else {"unread": True}
    try:
        set_field(data, path, value)
        found: Any = Design.model_validate(data, context=context)
    except ValidationError as error:
        own, field = _its_own(error, path), _field_at(design, path)
        if own or field is None:
            raise ValueError(_reason(own or error.errors(include_url=False), Design)) from None
        return _by_itself(field, value, context)
    except TypeError:
        raise ValueError("no field of a design") from None
    return field_of(found, path)


def _its_own(error: ValidationError, path: str) -> list[ErrorDetails]:
    """The problems of the value at a path, and not of what goes with it."""
    parts = path.split(".")  # a task's fields lie below its kind
    problems = error.errors(include_url=False)
    return [problem for problem in problems if [part for part in problem["loc"] if part in parts] == parts]


def _field_at(base: Design | Process, path: str) -> FieldInfo | None:
    """The field at a path, also within a section that is left out; None where there is none."""
    *parents, name = path.split(".")
    owner: Any = base
    for part in parents:
        field, inner = _fields_of(owner).get(part), field_of(owner, part)
        owner = _section(field.annotation) if inner is None and field is not None else inner
    return _fields_of(owner).get(name)


def _fields_of(owner: Any) -> dict[str, FieldInfo]:
    """Fields of a model or of its class."""
    return getattr(owner if isinstance(owner, type) else type(owner), "model_fields", {})


def _section(annotation: Any) -> type[BaseModel] | None:
    """The model among the types of a field."""
    models = [part for part in (annotation, *get_args(annotation)) if isinstance(part, type)]
    return next((model for model in models if issubclass(model, BaseModel)), None)


def _by_itself(field: FieldInfo, value: Any, context: dict[str, bool]) -> Any:
    """A value as a field reads it, whatever else the design says.

    Raises:
        ValueError: the field does not take it.
    """
    kind: Any = Annotated[field.annotation, field]
    try:
        return TypeAdapter(kind).validate_python(value, context=context)
    except ValidationError as error:
        raise ValueError(_reason(error.errors(include_url=False), kind)) from None


def why_none(make: Callable[[_T], object], tried: Iterable[_T]) -> str:
    """Why none of some proposals makes a design, in words, of the first; empty when one does."""
    why = ""
    for each in tried:
        try:
            make(each)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            why = why or f"{'.'.join(map(str, problem['loc']))}: {_reason([problem], Design)}"
        else:
            return ""
    return cut(why, 100)


def may_be_left_out(design: Design, path: str) -> bool:
    """Whether a path leads to a section that designs may leave out, as ``network.straps.drive``."""
    field = _field_at(design, path)
    return field is not None and field.default is None and _section(field.annotation) is not None


def read_process_field(process: Process, path: str, value: Any, *, in_file: bool = True) -> Any:
    """The same for a field of a process, as ``layers.m3.sheet_resistance``."""
    data = process.model_dump(mode="json", exclude_none=True)
    try:
        parent = path.rpartition(".")[0]
        if parent and field_of(process, parent) is None:  # a layer that would come into being half
            raise TypeError(path)
        set_field(data, path, value)
        found = Process.model_validate(data, context={"from_file": in_file})
    except ValidationError as error:
        raise ValueError(_reason(error.errors(include_url=False), Process)) from None
    except TypeError:
        raise ValueError("no field of a process") from None
    return field_of(found, path)


def field_unit(base: Design | Process, path: str, value: Any) -> str:
    """SI unit of a field that takes a value, as ``device.tmr`` or ``process.grid``; ``1`` of one without a unit.

    Args:
        base: the design.
        path: of the field.
        value: that it takes, SI.
    """
    if isinstance(base, Design) and path.startswith(_PROCESS):
        return field_unit(base.load_process(), path.removeprefix(_PROCESS), value)
    parent, _, name = path.rpartition(".")
    if parent == _PARAMETERS and isinstance(base, Design):
        return "1" if isinstance(value, str) else _law_unit(base.device.dynamics.model, name)
    field = _field_at(base, path)
    quantity = None if field is None or isinstance(value, str) else _quantity([*field.metadata, field.annotation])
    return "1" if quantity is None else quantity.unit


def _law_unit(model: Any, name: str) -> str:
    from sim.dynamics import law_of

    return next((each.unit for each in law_of(model or DEFAULT).parameters if each.name == name), "1")


def _quantity(parts: Iterable[Any]) -> Quantity | None:
    """What makes a quantity of a field: among its annotations, or within a choice or a list."""
    for part in parts:
        if isinstance(part, Quantity):
            return part
        if found := _quantity([*getattr(part, "__metadata__", ()), *get_args(part)]):
            return found
    return None


def whole_design(base: Design, values: Mapping[str, Any]) -> Design:
    """A design with other values in some of its fields, its files read; ``process.…`` is a field of its process.

    Args:
        base: the design.
        values: by path, as ``read_field`` and ``read_process_field`` give them.

    Raises:
        ValueError: the values do not go together, in words.
    """
    data, of_process = plain_fields(base), {}
    for path, value in values.items():
        if path.startswith(_PROCESS):
            of_process[path.removeprefix(_PROCESS)] = value
        else:
            set_field(data, path, value)
    try:
        design = design_of(data, base)
        if design.from_files:
            design = completed(design)
        if design.process == base.process:
            design = design.placed(base.folder, base.load_process())
        if of_process:
            fields = design.load_process().model_dump(exclude_none=True)
            for path, value in of_process.items():
                set_field(fields, path, value)
            design = design.placed(base.folder, Process.model_validate(fields))
        if design.device.dynamics != Dynamics():
            from sim.dynamics import resolved

            design = resolved(design)
    except ValidationError as error:
        raise ValueError(_reason(error.errors(include_url=False), Design)) from None
    design.weight_levels()
    return design


def _reason(problems: list[ErrorDetails], shape: Any) -> str:
    """What the first of some errors asks for, of a design, a process or the type of a field."""
    if problems[0]["type"] == "extra_forbidden":
        what = "process" if shape is Process else "design"
        return f"no field {cut('.'.join(map(str, problems[0]['loc'])), 80)} of a {what}"
    return allowed_words(problems[0], shape)


def field_of(found: Any, path: str) -> Any:
    """What a design, a process or a part of one has at a path; None where there is none."""
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else getattr(found, name, None)
    return found
